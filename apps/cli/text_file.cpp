#include "text_file.hpp"

#include <array>

#include "byte_source.hpp"

namespace batpak::cli {

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  Result<std::unique_ptr<ByteSource>> source = path == "-" ? standard_input() : open_source_file(path);
  if (!source) return std::unexpected(std::move(source).error());
  std::string text;
  std::array<char, 64U << 10U> buffer;
  while (true) {
    const Result<std::size_t> count = (*source)->read(buffer);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return text;
    text.append(buffer.data(), *count);
    if (text.size() > bytes_max) return std::unexpected(Error(ErrorCode::too_large, "the file is too large").at_path(path));
  }
}

}  // namespace batpak::cli
