// The lines of a source, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "byte_source.hpp"

namespace batpak::cli {

// Threads: one.
class LineReader {
 public:
  // The longest JSON of the largest event: a byte takes at most six, metadata and names come on top.
  static constexpr std::size_t line_bytes_max = std::size_t{128} << 20;

  explicit LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The next line without its end, valid until the next call; nothing after the last. A last line need not end.
  // Errors: those of the source; too_large for a line over line_bytes_max.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }  // of the line given last, from 1
  [[nodiscard]] std::uint64_t bytes_taken() const { return source_->bytes_taken(); }

 private:
  [[nodiscard]] Result<void> fill();
  [[nodiscard]] std::string_view rest() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // bytes behind begin_ that hold no line end
  std::uint64_t line_number_ = 0;
  bool at_end_ = false;
};

}  // namespace batpak::cli
