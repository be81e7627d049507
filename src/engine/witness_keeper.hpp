// Keeps a witness file: writes down, elsewhere than in the store, how far the log has come.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/sync.hpp"
#include "batpak/witness_file.hpp"
#include "platform/file_system.hpp"

namespace batpak::engine {

// Threads: any; one at a time writes.
class WitnessKeeper {
 public:
  // Errors: invalid_argument for a path without a name; no_such_directory, permission_denied.
  [[nodiscard]] static Result<std::unique_ptr<WitnessKeeper>> open(platform::FileSystem& files, const WitnessFile& options);

  // What the file remembers; nothing where there is none. Errors: malformed, too_large, io_error.
  [[nodiscard]] Result<std::optional<WitnessRecord>> read() const;
  // Replaces what it remembers and returns when that is durable. Does nothing where it was told as much already.
  [[nodiscard]] Result<void> write(const WitnessRecord& record) BATPAK_EXCLUDES(mutex_);
  // Removes the file where it remembers this store, which is no more. Errors: as of read(); those of removing it.
  [[nodiscard]] Result<void> remove(const std::array<std::byte, 16>& store_id);

  // Events of the checkpoint that was written last.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] const WitnessFile& options() const noexcept { return options_; }

 private:
  WitnessKeeper(std::shared_ptr<platform::Directory> directory, std::string name, const WitnessFile& options)
      : directory_(std::move(directory)), name_(std::move(name)), options_(options) {}

  std::shared_ptr<platform::Directory> directory_;
  std::string name_;
  WitnessFile options_;
  base::Mutex mutex_;
  std::optional<WitnessRecord> written_ BATPAK_GUARDED_BY(mutex_);
  base::Atomic<std::uint64_t> size_{0};  // relaxed: a lower bound
};

}  // namespace batpak::engine
