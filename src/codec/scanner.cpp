#include "codec/scanner.hpp"

#include <algorithm>
#include <cmath>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace batpak::codec {
namespace {

constexpr std::uint64_t canonical_nan32 = 0x7FC0'0000U;
constexpr std::uint64_t canonical_nan64 = 0x7FF8'0000'0000'0000ULL;

bool is_other_nan(const Head& head) noexcept {
  if (head.kind == ValueKind::float32) {
    return (head.argument & 0x7FFF'FFFFU) > 0x7F80'0000U && head.argument != canonical_nan32;
  }
  return (head.argument & 0x7FFF'FFFF'FFFF'FFFFULL) > 0x7FF0'0000'0000'0000ULL && head.argument != canonical_nan64;
}

}  // namespace

bool Scanner::fail(ErrorCode code, std::string_view sentence) noexcept { return fail(Flaw{code, sentence}); }

bool Scanner::fail(Flaw flaw) noexcept {
  flaw_ = flaw;
  return false;
}

// Strings, bytes, times: what stands behind the head.
bool Scanner::content(const Head& head) {
  const ByteView content = bytes_.subspan(at_ + head.size, head.argument);
  if (head.kind == ValueKind::string && !base::is_utf8(base::as_text(content))) {
    return fail(ErrorCode::invalid_utf8, "a string is not UTF-8");
  }
  if (head.kind == ValueKind::time) {
    const TimeOrFlaw read = read_time(content);
    if (read.flaw) return fail(read.flaw->code, read.flaw->sentence);
    if (form_ == Form::canonical && !read.shortest) return fail(ErrorCode::malformed, "not canonical: too long a timestamp");
  }
  at_ += head.size + content.size();
  return true;
}

bool Scanner::value(std::size_t depth) {
  if (at_ < bytes_.size() && (bytes_[at_] <= std::byte{0x7F} || bytes_[at_] >= std::byte{0xE0})) {
    ++at_;  // the most frequent values are their own head
    return true;
  }
  const Head head = read_head(bytes_.subspan(at_));
  if (!head.is_whole()) return fail(describe(head.flaw));
  if (form_ == Form::canonical && !head.shortest) {
    return fail(ErrorCode::malformed, "not canonical: a number or a length is written longer than needed");
  }
  switch (head.kind) {
    case ValueKind::string:
    case ValueKind::bytes:
    case ValueKind::time: return content(head);
    case ValueKind::array:
    case ValueKind::map: {
      if (depth >= limits::codec_depth_max) {
        return fail(ErrorCode::too_deep, "more than 64 arrays and maps within each other");
      }
      at_ += head.size;
      if (head.kind == ValueKind::map) return map(head.argument, depth + 1);
      for (std::uint64_t i = 0; i < head.argument; ++i) {
        if (!value(depth + 1)) return false;
      }
      return true;
    }
    case ValueKind::float32:
    case ValueKind::float64:
      if (form_ == Form::canonical && is_other_nan(head)) return fail(ErrorCode::malformed, "not canonical: another NaN");
      [[fallthrough]];
    default: at_ += head.size; return true;
  }
}

bool Scanner::key() {
  const Head head = read_head(bytes_.subspan(at_));
  if (!head.is_whole()) return fail(describe(head.flaw));
  if (head.kind != ValueKind::string && head.kind != ValueKind::integer) {
    return fail(ErrorCode::unsupported_type, "a key of a map is neither a string nor an integer");
  }
  if (head.kind == ValueKind::string && (head.shortest || form_ == Form::any)) return content(head);
  return value(limits::codec_depth_max);
}

bool Scanner::map(std::uint64_t count, std::size_t depth) {
  const std::size_t keys_before = keys_.size();
  ByteView previous;
  bool ascending = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t key_at = at_;
    if (!key()) return false;
    const ByteView current = bytes_.subspan(key_at, at_ - key_at);
    if (form_ == Form::canonical) {
      const int order = previous.empty() ? -1 : compare_keys(previous, current);
      if (order >= 0) {
        at_ = key_at;
        if (order == 0) return fail(ErrorCode::duplicate_key, "a map has a key twice");
        return fail(ErrorCode::malformed, "not canonical: the keys of a map are not in order");
      }
      previous = current;
    } else {
      if (i > 0 && !(read_key(bytes_.subspan(keys_.back())) < read_key(current))) ascending = false;
      keys_.push_back(static_cast<std::uint32_t>(key_at));
    }
    if (!value(depth)) return false;
  }
  if (!ascending) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(keys_before);
    const auto key_of = [this](std::uint32_t offset) { return read_key(bytes_.subspan(offset)); };
    std::ranges::sort(begin, keys_.end(), {}, key_of);
    if (std::ranges::adjacent_find(begin, keys_.end(), {}, key_of) != keys_.end()) {
      return fail(ErrorCode::duplicate_key, "a map has a key twice");
    }
  }
  keys_.resize(keys_before);
  return true;
}

}  // namespace batpak::codec
