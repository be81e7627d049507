#include "replaced_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "file_failure.hpp"

namespace batpak::cli {
namespace {

constexpr mode_t permission_bits = 0777;

// A new file beside another, which goes with this unless it has taken the other's place.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& place) : directory_(place.parent_path()) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (file_ < 0) return;
    ::close(file_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  // Each of these answers whether it went; errno says why not.
  [[nodiscard]] bool create() {
    constexpr int names_max = 100;  // some may be of processes that were killed
    for (int i = 0; i < names_max; ++i) {
      name_ = directory_ / fmt::format(".batpak-{}-{}", ::getpid(), i);
      file_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ >= 0 || errno != EEXIST) break;
    }
    return file_ >= 0;
  }

  [[nodiscard]] bool take_mode_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return errno == ENOENT;
    return ::fchmod(file_, status.st_mode & permission_bits) == 0;
  }

  [[nodiscard]] bool write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(file_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  [[nodiscard]] bool sync() { return ::fsync(file_) == 0; }

  [[nodiscard]] bool rename_to(const std::string& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  std::filesystem::path directory_;
  std::filesystem::path name_;  // empty once it has the other's
  int file_ = -1;
};

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view content) {
  Draft draft(path);
  const auto fail = [&](const char* sentence) { return std::unexpected(file_failure(errno, sentence, path)); };
  if (!draft.create()) return fail("no file can be made in this place");
  if (!draft.take_mode_of(path)) return fail("the file cannot have the mode of the one before it");
  if (!draft.write(content) || !draft.sync()) return fail("the file cannot be written");
  if (!draft.rename_to(path)) return fail("the file that was written cannot get its name");
  return {};
}

}  // namespace batpak::cli
