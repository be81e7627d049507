#include "payload_span.hpp"

namespace batpak::cli {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view name = "\"payload\"";

// Goes over JSON without reading its values.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }

  void skip_blanks() noexcept {
    while (!at_end() && blanks.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  // Whether it stood there; passes over it.
  bool skip(char expected) noexcept {
    skip_blanks();
    if (at_end() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  void skip_string() noexcept {
    std::size_t quote = at_;
    do {
      quote = text_.find('"', quote + 1);
    } while (quote != std::string_view::npos && is_escaped(quote));
    at_ = quote == std::string_view::npos ? text_.size() : quote + 1;
  }
  void skip_value() noexcept {
    std::size_t depth = 0;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        if (depth == 0) return;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || blanks.find(c) != std::string_view::npos)) return;
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

 private:
  [[nodiscard]] bool is_escaped(std::size_t at) const noexcept {
    std::size_t first = at;
    while (first > at_ && text_[first - 1] == '\\') --first;
    return (at - first) % 2 == 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<PayloadSpan> find_payload(std::string_view line) noexcept {
  Walk walk(line);
  if (!walk.skip('{')) return std::nullopt;
  while (!walk.at_end()) {
    walk.skip_blanks();
    const std::size_t name_at = walk.at();
    walk.skip_string();
    const bool found = line.substr(name_at).starts_with(name);
    if (!walk.skip(':')) return std::nullopt;
    walk.skip_blanks();
    const std::size_t begin = walk.at();
    walk.skip_value();
    if (found && walk.at() <= line.size()) return PayloadSpan{.begin = begin, .size = walk.at() - begin};
    if (!walk.skip(',')) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace batpak::cli
