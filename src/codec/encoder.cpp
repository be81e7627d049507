#include "batpak/encoder.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "batpak/codec.hpp"
#include "codec/scanner.hpp"
#include "codec/wire.hpp"

namespace batpak {

static_assert(PayloadBounds::bytes_max == limits::payload_bytes_max);
static_assert(PayloadBounds::depth_max == limits::codec_depth_max);

// The buffer is kept larger than what is written, so that most writes are a comparison and a store; finish() trims it.
void Encoder::grow(std::size_t size) {
  constexpr std::size_t step_bytes_min = 128;
  const std::size_t used = position();
  out_.resize(used + std::max({size, step_bytes_min, (used - start_) / 2}));
  at_ = out_.data() + used;
  end_ = out_.data() + out_.size();
}

void Encoder::negative(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  std::byte* at = room(9);
  if (value >= -32) {
    at[0] = static_cast<std::byte>(bits);
    at_ = at + 1;
  } else if (value >= INT8_MIN) {
    at[0] = std::byte{0xD0};
    at[1] = static_cast<std::byte>(bits);
    at_ = at + 2;
  } else if (value >= INT16_MIN) {
    at[0] = std::byte{0xD1};
    store_be(at + 1, static_cast<std::uint16_t>(bits));
    at_ = at + 3;
  } else if (value >= INT32_MIN) {
    at[0] = std::byte{0xD2};
    store_be(at + 1, static_cast<std::uint32_t>(bits));
    at_ = at + 5;
  } else {
    at[0] = std::byte{0xD3};
    store_be(at + 1, bits);
    at_ = at + 9;
  }
}

void Encoder::non_negative(std::uint64_t value) {
  std::byte* at = room(9);
  if (value <= 0xFF) {
    at[0] = std::byte{0xCC};
    at[1] = static_cast<std::byte>(value);
    at_ = at + 2;
  } else if (value <= 0xFFFF) {
    at[0] = std::byte{0xCD};
    store_be(at + 1, static_cast<std::uint16_t>(value));
    at_ = at + 3;
  } else if (value <= 0xFFFF'FFFF) {
    at[0] = std::byte{0xCE};
    store_be(at + 1, static_cast<std::uint32_t>(value));
    at_ = at + 5;
  } else {
    at[0] = std::byte{0xCF};
    store_be(at + 1, value);
    at_ = at + 9;
  }
}

// A length is admitted before anything of it is copied; past the bound nothing is written any more.
bool Encoder::admit(std::size_t length) {
  if (failed()) return false;
  if (length <= PayloadBounds::bytes_max && position() - start_ + length <= PayloadBounds::bytes_max) return true;
  fail(ErrorCode::payload_too_large, "a payload has at most 16 MiB");
  return false;
}

bool Encoder::enter() {
  if (++depth_ <= PayloadBounds::depth_max) return true;
  fail(ErrorCode::too_deep, "more than 64 arrays and maps within each other");
  return false;
}

void Encoder::text(std::string_view value) {
  if (!admit(value.size())) return;
  if (!base::is_utf8(value)) return fail(ErrorCode::invalid_utf8, "a string is not UTF-8");
  const std::size_t size = value.size();
  std::byte* at = room(5 + size);
  if (size <= 31) {
    *at++ = static_cast<std::byte>(0xA0 | size);
  } else if (size <= 0xFF) {
    *at++ = std::byte{0xD9};
    *at++ = static_cast<std::byte>(size);
  } else if (size <= 0xFFFF) {
    *at++ = std::byte{0xDA};
    store_be(at, static_cast<std::uint16_t>(size));
    at += 2;
  } else {
    *at++ = std::byte{0xDB};
    store_be(at, static_cast<std::uint32_t>(size));
    at += 4;
  }
  if (size > 0) std::memcpy(at, value.data(), size);
  at_ = at + size;
}

void Encoder::bytes(std::span<const std::byte> value) {
  if (!admit(value.size())) return;
  const std::size_t size = value.size();
  std::byte* at = room(5 + size);
  if (size <= 0xFF) {
    *at++ = std::byte{0xC4};
    *at++ = static_cast<std::byte>(size);
  } else if (size <= 0xFFFF) {
    *at++ = std::byte{0xC5};
    store_be(at, static_cast<std::uint16_t>(size));
    at += 2;
  } else {
    *at++ = std::byte{0xC6};
    store_be(at, static_cast<std::uint32_t>(size));
    at += 4;
  }
  if (size > 0) std::memcpy(at, value.data(), size);
  at_ = at + size;
}

void Encoder::time(UnixTime value) {
  if (value.nanoseconds > UnixTime::nanoseconds_max) {
    return fail(ErrorCode::out_of_range, "a time has a second of nanoseconds or more");
  }
  std::byte* at = room(15);
  const auto seconds = static_cast<std::uint64_t>(value.seconds);  // what is negative lies beyond every bound below
  if (seconds <= 0xFFFF'FFFF && value.nanoseconds == 0) {
    at[0] = std::byte{0xD6};
    at[1] = std::byte{codec::timestamp_type};
    store_be(at + 2, static_cast<std::uint32_t>(seconds));
    at_ = at + 6;
  } else if (seconds <= 0x3'FFFF'FFFF) {
    at[0] = std::byte{0xD7};
    at[1] = std::byte{codec::timestamp_type};
    store_be(at + 2, std::uint64_t{value.nanoseconds} << 34U | seconds);
    at_ = at + 10;
  } else {
    at[0] = std::byte{0xC7};
    at[1] = std::byte{12};
    at[2] = std::byte{codec::timestamp_type};
    store_be(at + 3, value.nanoseconds);
    store_be(at + 7, seconds);
    at_ = at + 15;
  }
}

void Encoder::begin_array(std::size_t count) {
  if (!enter() || !admit(count)) return;
  std::byte* at = room(5);
  if (count <= 15) {
    at[0] = static_cast<std::byte>(0x90 | count);
    at_ = at + 1;
  } else if (count <= 0xFFFF) {
    at[0] = std::byte{0xDC};
    store_be(at + 1, static_cast<std::uint16_t>(count));
    at_ = at + 3;
  } else {
    at[0] = std::byte{0xDD};
    store_be(at + 1, static_cast<std::uint32_t>(count));
    at_ = at + 5;
  }
}

void Encoder::begin_large_map(std::size_t count) {
  if (!enter() || !admit(count)) return;
  std::byte* at = room(5);
  if (count <= 0xFFFF) {
    at[0] = std::byte{0xDE};
    store_be(at + 1, static_cast<std::uint16_t>(count));
    at_ = at + 3;
  } else {
    at[0] = std::byte{0xDF};
    store_be(at + 1, static_cast<std::uint32_t>(count));
    at_ = at + 5;
  }
}

void Encoder::fail(ErrorCode code, std::string_view sentence) {
  if (!failed()) failure_ = std::make_unique<Error>(code, std::string(sentence));
}

void Encoder::name_failure(std::string_view field) {
  if (failure_->message.starts_with("field "))
    failure_->message.replace(0, 6, "field " + std::string(field) + ".");
  else
    failure_->message.insert(0, "field " + std::string(field) + ": ");
}

// What finish() leaves: failures, and the work of a Codec, which is trusted with nothing.
Result<void> Encoder::check() {
  finished_ = true;
  const std::size_t size = position() - start_;
  if (!failed() && size > PayloadBounds::bytes_max) fail(ErrorCode::payload_too_large, "a payload has at most 16 MiB");
  if (!failed() && (custom_ || depth_ != 0 || size == 0)) {
    if (auto checked = check_canonical(std::span(out_).subspan(start_, size)); !checked) {
      fail(checked.error().code == ErrorCode::duplicate_key || checked.error().code == ErrorCode::too_deep
               ? checked.error().code
               : ErrorCode::invalid_argument,
           "a Codec did not write exactly one value in canonical form: " + checked.error().message);
    }
  }
  out_.resize(failed() ? start_ : start_ + size);
  if (failed()) return base::fail(*failure_);
  return {};
}

}  // namespace batpak
