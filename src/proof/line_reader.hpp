// Texts of lines, read one by one, with the number of the line in every complaint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batpak/error.hpp"
#include "batpak/hash.hpp"

namespace batpak::proof {

// Threads: one at a time. Owner: whoever owns the text.
class LineReader {
 public:
  // `what` names the text in complaints: "the note".
  LineReader(std::string_view text, std::string_view what) noexcept : text_(text), what_(what) {}

  [[nodiscard]] bool at_end() const noexcept { return offset_ == text_.size(); }
  // Where the next line begins.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  // The next line without its newline. Errors: malformed when there is none.
  [[nodiscard]] Result<std::string_view> next();
  // Passes over bytes that somebody else reads. Precondition: there are so many.
  void skip(std::size_t bytes) noexcept { offset_ += bytes; }
  // About the line that was read last.
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view why) const { return refuse(ErrorCode::malformed, why); }
  [[nodiscard]] std::unexpected<Error> refuse(ErrorCode code, std::string_view why) const;

 private:
  std::string_view text_;
  std::string_view what_;
  std::size_t offset_ = 0;
  std::size_t number_ = 0;
};

// Decimal digits without leading zeros. Nothing for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept;
// 32 bytes in base 64. Nothing for anything else.
[[nodiscard]] std::optional<Hash> parse_hash(std::string_view base64);

}  // namespace batpak::proof
