#include <algorithm>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/encoder.hpp"
#include "codec/scanner.hpp"
#include "codec/wire.hpp"

namespace batpak {

MapEncoder::MapEncoder(Encoder& out, std::size_t count) : out_(out), count_(count) {
  out_.begin_ordered_map(count);
  entries_at_ = out_.position();
}

void MapEncoder::key(std::string_view text) {
  begin_key();
  out_.text(text);
  end_key();
}

void MapEncoder::begin_key() { key_at_ = out_.position(); }

void MapEncoder::end_key() {
  ++written_;
  const std::size_t key_end = out_.position();
  if (out_.failed() || !ordered_) return;
  if (written_ > 1) {
    const ByteView written = ByteView(out_.out_).first(key_end);
    const ByteView previous = written.subspan(previous_at_, previous_end_ - previous_at_);
    const int order = codec::compare_keys(previous, written.subspan(key_at_));
    if (order == 0) return out_.fail(ErrorCode::duplicate_key, "a map has a key twice");
    ordered_ = order < 0;
  }
  previous_at_ = key_at_;
  previous_end_ = key_end;
}

void MapEncoder::end() {
  out_.end_ordered_map();
  if (!out_.failed() && written_ != count_) {
    out_.fail(ErrorCode::invalid_argument, "a map has another number of entries than was announced");
  }
  if (!out_.failed() && !ordered_) sort();
}

// Entries were written as they came; where that was not their order they are found again and moved.
void MapEncoder::sort() {
  struct Entry {
    ByteView key;
    ByteView whole;
  };
  const ByteView all = ByteView(out_.out_).first(out_.position()).subspan(entries_at_);
  codec::Scanner scanner(all, codec::Form::canonical);
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t at = scanner.offset();
    const bool has_key = scanner.key();
    const std::size_t key_end = scanner.offset();
    if (!has_key || !scanner.value(out_.depth_ + 1)) {
      return out_.fail(ErrorCode::invalid_argument, "a Codec did not write exactly one value in canonical form");
    }
    entries.push_back({all.subspan(at, key_end - at), all.subspan(at, scanner.offset() - at)});
  }
  if (scanner.offset() != all.size()) {
    return out_.fail(ErrorCode::invalid_argument, "a Codec did not write exactly one value in canonical form");
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& left, const Entry& right) { return codec::compare_keys(left.key, right.key) < 0; });
  const auto same = [](const Entry& left, const Entry& right) { return codec::compare_keys(left.key, right.key) == 0; };
  if (std::adjacent_find(entries.begin(), entries.end(), same) != entries.end()) {
    return out_.fail(ErrorCode::duplicate_key, "a map has a key twice");
  }
  Bytes sorted;
  sorted.reserve(all.size());
  for (const Entry& entry : entries) base::append(sorted, entry.whole);
  std::copy(sorted.begin(), sorted.end(), out_.out_.begin() + static_cast<std::ptrdiff_t>(entries_at_));
}

}  // namespace batpak
