#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "byte_source.hpp"
#include "file_failure.hpp"

namespace batpak::cli {
namespace {

constexpr unsigned buffer_bytes = 256U << 10;

class SourceFile : public ByteSource {
 public:
  SourceFile(std::string path, gzFile file) : path_(std::move(path)), file_(file) {}
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;
  ~SourceFile() override { gzclose_r(file_); }

  Result<std::size_t> read(std::span<char> into) override {
    constexpr std::size_t read_bytes_max = std::numeric_limits<int>::max();
    const int size = gzread(file_, into.data(), static_cast<unsigned>(std::min(into.size(), read_bytes_max)));
    int code = Z_OK;
    const char* const sentence = gzerror(file_, &code);
    if (size > 0) return static_cast<std::size_t>(size);
    if (code == Z_OK || code == Z_STREAM_END) return 0;
    if (code == Z_ERRNO) return std::unexpected(file_failure(errno, "the file cannot be read", path_));
    if (code == Z_BUF_ERROR)
      return std::unexpected(Error(ErrorCode::malformed, "the gzip file ends too early").at_path(path_));
    return std::unexpected(Error(ErrorCode::malformed, std::string("the gzip file is broken: ") + sentence).at_path(path_));
  }

  std::uint64_t bytes_taken() const override { return static_cast<std::uint64_t>(std::max<z_off_t>(gzoffset(file_), 0)); }

 private:
  std::string path_;
  gzFile file_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source_file(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(file_failure(errno, "the file cannot be opened", path));
  struct stat status{};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    return std::unexpected(Error(ErrorCode::invalid_argument, "this is not a regular file").at_path(path));
  }
  const gzFile file = gzdopen(descriptor, "rb");
  if (file == nullptr) {
    close(descriptor);
    return std::unexpected(Error(ErrorCode::out_of_resources, "no memory to read the file with").at_path(path));
  }
  gzbuffer(file, buffer_bytes);
  return std::make_unique<SourceFile>(path, file);
}

}  // namespace batpak::cli
