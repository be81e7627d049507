// A file system that hands every call on to another, for tests that change one of the calls.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/file_system.hpp"

namespace batpak::platform {

class ForwardingDirectory : public Directory {
 public:
  explicit ForwardingDirectory(std::shared_ptr<Directory> directory) : directory_(std::move(directory)) {}
  const std::string& path() const noexcept override { return directory_->path(); }
  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    return directory_->open_file(name, mode);
  }
  Result<bool> exists(std::string_view name) const override { return directory_->exists(name); }
  Result<std::vector<DirectoryEntry>> list(std::string_view name) const override { return directory_->list(name); }
  Result<void> make_directory(std::string_view name) override { return directory_->make_directory(name); }
  Result<void> rename(std::string_view from, std::string_view to) override { return directory_->rename(from, to); }
  Result<void> remove(std::string_view name) override { return directory_->remove(name); }
  Result<void> sync_directory(std::string_view name) override { return directory_->sync_directory(name); }
  Result<void> sync_parent() override { return directory_->sync_parent(); }
  Result<std::unique_ptr<OwnerLock>> lock_as_owner() override { return directory_->lock_as_owner(); }
  Result<bool> has_owner() const override { return directory_->has_owner(); }

 private:
  std::shared_ptr<Directory> directory_;
};

class ForwardingFs : public FileSystem {
 public:
  explicit ForwardingFs(FileSystem& files) : files_(files) {}
  Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override {
    return wrapped(files_.open_directory(path));
  }
  Result<std::shared_ptr<Directory>> create_directory(const std::string& path) override {
    return wrapped(files_.create_directory(path));
  }

 private:
  [[nodiscard]] virtual std::shared_ptr<Directory> wrap(std::shared_ptr<Directory> directory) = 0;
  Result<std::shared_ptr<Directory>> wrapped(Result<std::shared_ptr<Directory>> directory) {
    if (!directory) return directory;
    return wrap(*std::move(directory));
  }

  FileSystem& files_;
};

}  // namespace batpak::platform
