#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "batpak/decoder.hpp"
#include "batpak/json.hpp"
#include "codec/json_form.hpp"
#include "codec/time_text.hpp"

namespace batpak {
namespace {

// The fewest digits that read back as the same number, written so that they read back as a float.
template <std::floating_point T>
std::string shortest(T value) {
  std::array<char, 64> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

// Readers take 32-bit floats by way of 64 bits; where that rounds twice, and differently, more digits are needed.
std::string shortest_of_float32(float value) {
  std::string text = shortest(value);
  double read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  return static_cast<float>(read) == value ? text : shortest(static_cast<double>(value));
}

template <std::floating_point T>
std::string_view not_finite(T value) {
  return std::isnan(value) ? R"("nan")" : value > 0 ? R"("inf")" : R"("-inf")";
}

// Writes canonical MessagePack as JSON.
class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style) : style_(style) {}

  void value(Decoder& in) {
    switch (in.next().value_or(ValueKind::nil)) {
      case ValueKind::nil:
        in.nil();
        out_ += "null";
        break;
      case ValueKind::boolean: out_ += in.boolean() ? "true" : "false"; break;
      case ValueKind::integer: integer(in); break;
      case ValueKind::float32: float32(in.real<float>()); break;
      case ValueKind::float64: float64(in.real<double>()); break;
      case ValueKind::string: string(in.text()); break;
      case ValueKind::bytes: bytes(in.bytes()); break;
      case ValueKind::time: time(in.time()); break;
      case ValueKind::array: array(in); break;
      case ValueKind::map: map(in); break;
    }
  }

  std::string take() && { return std::move(out_); }

 private:
  void form(std::string_view name, std::string_view content) {
    out_ += "{\"$";
    out_ += name;
    out_ += style_ == JsonStyle::pretty ? "\": " : "\":";
    out_ += content;
    out_ += '}';
  }

  void integer(Decoder& in) {
    const bool negative = static_cast<std::uint8_t>(in.rest()[0]) >= 0xD0;  // in canonical form only these are signed
    const auto bits = negative ? static_cast<std::uint64_t>(in.integer<std::int64_t>()) : in.integer<std::uint64_t>();
    const std::string digits = negative ? std::to_string(static_cast<std::int64_t>(bits)) : std::to_string(bits);
    const std::uint64_t magnitude = negative ? 0 - bits : bits;
    if (magnitude <= codec::plain_integer_max)
      out_ += digits;
    else
      form("int", '"' + digits + '"');
  }

  void float32(float value) {
    if (std::isfinite(value))
      form("float32", shortest_of_float32(value));
    else
      form("float32", not_finite(value));
  }

  void float64(double value) {
    if (std::isfinite(value))
      out_ += shortest(value);
    else
      form("float64", not_finite(value));
  }

  void bytes(ByteView value) {
    std::string text = "\"";
    text += base::to_base64(value);
    text += '"';
    form("bytes", text);
  }

  void time(UnixTime value) { form("time", '"' + codec::time_text(value) + '"'); }

  void string(std::string_view value) {
    constexpr std::string_view hex = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      switch (c) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\b': out_ += "\\b"; break;
        case '\f': out_ += "\\f"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        default:
          if (static_cast<unsigned char>(c) >= 0x20) {
            out_ += c;
          } else {
            out_ += "\\u00";
            out_ += hex[static_cast<unsigned char>(c) >> 4U];
            out_ += hex[static_cast<unsigned char>(c) & 0xFU];
          }
      }
    }
    out_ += '"';
  }

  void open(char bracket) {
    out_ += bracket;
    ++level_;
  }
  void next(std::size_t index) {
    if (index > 0) out_ += ',';
    line();
  }
  void close(char bracket, std::size_t count) {
    --level_;
    if (count > 0) line();
    out_ += bracket;
  }
  void line() {
    if (style_ != JsonStyle::pretty) return;
    out_ += '\n';
    out_.append(2 * level_, ' ');
  }
  void colon() { out_ += style_ == JsonStyle::pretty ? ": " : ":"; }

  void array(Decoder& in) {
    const std::size_t count = in.begin_array();
    open('[');
    for (std::size_t i = 0; i < count; ++i) {
      next(i);
      value(in);
    }
    close(']', count);
    in.end_array();
  }

  // Whether an object would lose the type of a key, or be taken for a form. In canonical order integers come first.
  static bool needs_form(Decoder& in, std::size_t count) {
    if (count == 0) return false;
    if (in.next() != ValueKind::string) return true;
    if (count > 1) return false;
    Decoder ahead(in.rest());
    return codec::find_json_form(ahead.text()).has_value();
  }

  void map(Decoder& in) {
    const std::size_t count = in.begin_map();
    if (needs_form(in, count)) {
      pairs(in, count);
    } else {
      open('{');
      for (std::size_t i = 0; i < count; ++i) {
        next(i);
        string(in.text());
        colon();
        value(in);
      }
      close('}', count);
    }
    in.end_map();
  }

  void pairs(Decoder& in, std::size_t count) {
    out_ += "{\"$map\"";
    colon();
    open('[');
    for (std::size_t i = 0; i < count; ++i) {
      next(i);
      out_ += '[';
      value(in);
      out_ += style_ == JsonStyle::pretty ? ", " : ",";
      value(in);
      out_ += ']';
    }
    close(']', count);
    out_ += '}';
  }

  JsonStyle style_;
  std::size_t level_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> json_from_messagepack(std::span<const std::byte> bytes, JsonStyle style) {
  Bytes canonical;
  if (!check_canonical(bytes)) {
    BATPAK_TRY(const Value value, value_from_messagepack(bytes));
    BATPAK_CHECK(encode_payload(canonical, value));
    bytes = canonical;
  }
  Decoder in(bytes);
  JsonWriter writer(style);
  writer.value(in);
  BATPAK_CHECK(in.finish());
  return std::move(writer).take();
}

Result<std::string> json_from_value(const Value& value, JsonStyle style) {
  BATPAK_TRY(const Bytes bytes, messagepack_from_value(value));
  return json_from_messagepack(bytes, style);
}

}  // namespace batpak
