#include "proof/line_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/base64.hpp"
#include "base/try.hpp"

namespace batpak::proof {

Result<std::string_view> LineReader::next() {
  ++number_;
  const std::size_t end = text_.find('\n', offset_);
  if (end == std::string_view::npos) return refuse(at_end() ? "is missing" : "does not end in a newline");
  const std::string_view line = text_.substr(offset_, end - offset_);
  offset_ = end + 1;
  return line;
}

std::unexpected<Error> LineReader::refuse(ErrorCode code, std::string_view why) const {
  return base::fail(code, "line " + std::to_string(number_) + " of " + std::string(what_) + " " + std::string(why));
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || padded) return std::nullopt;
  return number;
}

std::optional<Hash> parse_hash(std::string_view base64) {
  const auto bytes = base::from_base64(base64);
  if (!bytes || bytes->size() != Hash::bytes_size) return std::nullopt;
  Hash hash;
  std::copy(bytes->begin(), bytes->end(), hash.bytes.begin());
  return hash;
}

}  // namespace batpak::proof
