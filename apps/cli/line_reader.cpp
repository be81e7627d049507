#include "line_reader.hpp"

#include <algorithm>
#include <cstring>

namespace batpak::cli {
namespace {

constexpr std::size_t read_bytes = std::size_t{256} << 10;

}  // namespace

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    const std::size_t at = rest().find('\n', searched_);
    if (at != std::string_view::npos) {
      const std::string_view line = rest().substr(0, at);
      begin_ += at + 1;
      searched_ = 0;
      ++line_number_;
      return line;
    }
    searched_ = end_ - begin_;
    if (at_end_) {
      if (rest().empty()) return std::nullopt;
      const std::string_view line = rest();
      begin_ = end_;
      searched_ = 0;
      ++line_number_;
      return line;
    }
    if (rest().size() > line_bytes_max)
      return std::unexpected(Error(ErrorCode::too_large, "the line has no end within 128 MiB"));
    if (Result<void> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
  }
}

Result<void> LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + read_bytes) buffer_.resize(std::max(buffer_.size() * 2, end_ + read_bytes));
  Result<std::size_t> size = source_->read(std::span(buffer_).subspan(end_));
  if (!size) return std::unexpected(std::move(size).error());
  at_end_ = *size == 0;
  end_ += *size;
  return {};
}

}  // namespace batpak::cli
