#include "text_file.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "file_failure.hpp"

namespace batpak::cli {

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  const auto refuse = [&](ErrorCode code, const char* why) { return std::unexpected(Error(code, why).at_path(path)); };
  std::ifstream file;
  if (path != "-") {
    // Opening a pipe would wait until somebody writes to it.
    std::error_code unknown;
    const std::filesystem::file_status status = std::filesystem::status(path, unknown);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      return refuse(ErrorCode::invalid_argument, "this is not a regular file; - is standard input");
    }
    file.open(path, std::ios::binary);
  }
  if (path != "-" && !file) {
    const int failure = errno;
    return std::unexpected(
        file_failure(failure, failure == ENOENT ? "there is no such file" : "the file cannot be opened", path));
  }
  std::istream& source = path == "-" ? std::cin : file;
  std::string text;
  std::array<char, 64U << 10U> buffer;
  while (source) {
    source.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(source.gcount()));
    if (text.size() > bytes_max) return refuse(ErrorCode::too_large, "the file is too large");
  }
  if (source.bad()) return refuse(ErrorCode::io_error, "the file cannot be read");
  return text;
}

}  // namespace batpak::cli
