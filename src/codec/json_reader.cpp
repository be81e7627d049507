#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <variant>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "batpak/encoder.hpp"
#include "batpak/json.hpp"
#include "codec/json_form.hpp"
#include "codec/time_text.hpp"

namespace batpak {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

// A map takes three levels in its longest form, and one more is for the innermost form.
constexpr std::size_t json_depth_max = 3 * limits::codec_depth_max + 2;
// The longest JSON that can be a payload is not much longer: a control character is six bytes of JSON.
constexpr std::size_t json_bytes_max = 8 * limits::payload_bytes_max;
// What a thread keeps of its parser between two texts.
constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;

// Writes what simdjson parsed.
class DomEncoder {
 public:
  explicit DomEncoder(Encoder& out) : out_(out) {}

  void value(dom::element element) {
    switch (element.type()) {
      case dom::element_type::NULL_VALUE: return out_.nil();
      case dom::element_type::BOOL: return out_.boolean(bool(element.get_bool().value_unsafe()));
      case dom::element_type::INT64: return out_.integer(element.get_int64().value_unsafe());
      case dom::element_type::UINT64: return out_.integer(element.get_uint64().value_unsafe());
      case dom::element_type::DOUBLE: return out_.float64(element.get_double().value_unsafe());
      case dom::element_type::STRING: return out_.text(element.get_string().value_unsafe());
      case dom::element_type::ARRAY: return array(element.get_array().value_unsafe());
      case dom::element_type::OBJECT: return object(element.get_object().value_unsafe());
    }
  }

 private:
  void refuse(std::string_view sentence) { out_.fail(ErrorCode::malformed, sentence); }

  void array(dom::array elements) {
    out_.begin_array(elements.size());
    for (const dom::element element : elements) {
      if (out_.failed()) return;
      value(element);
    }
    out_.end_array();
  }

  void object(dom::object fields) {
    if (fields.size() == 1) {
      const dom::key_value_pair only = *fields.begin();
      if (const auto form = codec::find_json_form(only.key)) return special(*form, only.value);
    }
    MapEncoder map(out_, fields.size());
    for (const dom::key_value_pair field : fields) {
      if (out_.failed()) return;
      map.key(field.key);
      value(field.value);
    }
    map.end();
  }

  void special(codec::JsonForm form, dom::element content) {
    switch (form) {
      case codec::JsonForm::bytes: return bytes(content);
      case codec::JsonForm::time: return time(content);
      case codec::JsonForm::integer: return integer(content);
      case codec::JsonForm::float32: return float32(content);
      case codec::JsonForm::float64: return float64(content);
      case codec::JsonForm::map: return map(content);
    }
  }

  static std::optional<std::string_view> text_of(dom::element content) {
    if (!content.is_string()) return std::nullopt;
    return content.get_string().value_unsafe();
  }

  void bytes(dom::element content) {
    const auto text = text_of(content);
    const auto parsed = text ? base::from_base64(*text) : base::fail(ErrorCode::malformed, {});
    if (!parsed) return refuse("the value of $bytes is not base64 with padding");
    out_.bytes(*parsed);
  }

  void time(dom::element content) {
    const auto text = text_of(content);
    const auto parsed = text ? codec::parse_time_text(*text) : std::nullopt;
    if (!parsed) return refuse("the value of $time is not a time like \"2026-01-02T03:04:05.000000006Z\"");
    out_.time(*parsed);
  }

  // An integer as its decimal digits, with nothing before them but a minus.
  static std::optional<std::variant<std::int64_t, std::uint64_t>> parse_integer(std::string_view digits) {
    const auto parsed = [digits]<class T>(T value) -> std::optional<T> {
      const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (error != std::errc{} || std::to_string(value) != digits) return std::nullopt;
      return value;
    };
    if (digits.starts_with('-')) return parsed(std::int64_t{0});
    return parsed(std::uint64_t{0});
  }

  static bool is_decimal(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text[0] != '0' && text.find_first_not_of("0123456789") == text.npos;
  }

  void integer(dom::element content) {
    const auto text = text_of(content);
    if (!text) return refuse("the value of $int is not a text of decimal digits");
    const auto parsed = parse_integer(*text);
    if (!parsed && is_decimal(*text)) return out_.fail(ErrorCode::out_of_range, "the value of $int has more than 64 bits");
    if (!parsed) return refuse("the value of $int is not a text of decimal digits");
    std::visit([this](auto value) { out_.integer(value); }, *parsed);
  }

  static std::optional<double> parse_real(dom::element content) {
    if (content.is_number()) return content.get_double().value_unsafe();
    const auto text = text_of(content);
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    return std::nullopt;
  }

  void float32(dom::element content) {
    const auto parsed = parse_real(content);
    if (!parsed) return refuse("the value of $float32 is neither a number nor \"nan\", \"inf\" or \"-inf\"");
    constexpr double rounds_to_infinity = 0x1.ffffffp127;
    if (std::isfinite(*parsed) && std::abs(*parsed) >= rounds_to_infinity) {
      return out_.fail(ErrorCode::out_of_range, "the value of $float32 is too large for 32 bits");
    }
    out_.float32(static_cast<float>(*parsed));
  }

  void float64(dom::element content) {
    const auto parsed = parse_real(content);
    if (!parsed) return refuse("the value of $float64 is neither a number nor \"nan\", \"inf\" or \"-inf\"");
    out_.float64(*parsed);
  }

  void map(dom::element content) {
    constexpr std::string_view sentence = "the value of $map is not a list of pairs of a key and a value";
    if (!content.is_array()) return refuse(sentence);
    const dom::array entries = content.get_array().value_unsafe();
    MapEncoder map(out_, entries.size());
    for (const dom::element entry : entries) {
      if (out_.failed()) return;
      if (!entry.is_array() || entry.get_array().value_unsafe().size() != 2) return refuse(sentence);
      const dom::array pair = entry.get_array().value_unsafe();
      if (!key(map, *pair.begin())) return refuse("a key in $map is neither a text nor an integer");
      value(*++pair.begin());
    }
    map.end();
  }

  // A text, an integer, or an integer in its own form.
  static bool key(MapEncoder& map, dom::element element) {
    switch (element.type()) {
      case dom::element_type::STRING: map.key(element.get_string().value_unsafe()); return true;
      case dom::element_type::INT64: map.key(element.get_int64().value_unsafe()); return true;
      case dom::element_type::UINT64: map.key(element.get_uint64().value_unsafe()); return true;
      case dom::element_type::OBJECT: {
        const dom::object object = element.get_object().value_unsafe();
        if (object.size() != 1 || (*object.begin()).key != std::string_view("$int")) return false;
        const auto text = text_of((*object.begin()).value);
        const auto parsed = text ? parse_integer(*text) : std::nullopt;
        if (!parsed) return false;
        std::visit([&map](auto value) { map.key(value); }, *parsed);
        return true;
      }
      default: return false;
    }
  }

  Encoder& out_;
};

// Where a text that simdjson refused goes wrong. The parser that builds a document does not tell, the one that walks does;
// it is asked only then.
class Locator {
 public:
  struct Place {
    std::size_t offset = 0;
    std::string_view token = {};  // the scalar at fault, if it is one
    bool too_deep = false;
  };

  // Nothing if the flaw cannot be found this way.
  static std::optional<Place> locate(std::string_view padded, std::size_t capacity) {
    ondemand::parser parser;
    ondemand::document document;
    if (parser.iterate(padded.data(), padded.size(), capacity).get(document) != simdjson::SUCCESS) return std::nullopt;
    Locator locator(padded);
    bool is_scalar = false;
    if (document.is_scalar().get(is_scalar) == simdjson::SUCCESS && is_scalar) {
      const std::string_view token = document.raw_json_token().value_unsafe();
      return Place{.offset = static_cast<std::size_t>(token.data() - padded.data()), .token = trim(token)};
    }
    ondemand::value root;
    if (document.get_value().get(root) == simdjson::SUCCESS && locator.walk(root, 1)) return std::nullopt;
    if (locator.place_) return locator.place_;
    const char* at = nullptr;
    if (document.current_location().get(at) != simdjson::SUCCESS) return std::nullopt;
    return Place{.offset = static_cast<std::size_t>(at - padded.data())};
  }

 private:
  explicit Locator(std::string_view padded) : padded_(padded) {}

  static std::string_view trim(std::string_view token) { return token.substr(0, token.find_first_of(" \t\r\n")); }

  bool walk(ondemand::value value, std::size_t depth) {  // false at the first flaw
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    if (depth > json_depth_max) {  // a text with a flaw elsewhere may be nested without bound
      const std::string_view token = value.raw_json_token();
      place_ = Place{.offset = static_cast<std::size_t>(token.data() - padded_.data()), .too_deep = true};
      return false;
    }
    switch (type) {
      case ondemand::json_type::array: {
        ondemand::array elements;
        if (value.get_array().get(elements) != simdjson::SUCCESS) return false;
        for (auto element : elements) {
          ondemand::value inner;
          if (std::move(element).get(inner) != simdjson::SUCCESS || !walk(inner, depth + 1)) return false;
        }
        return true;
      }
      case ondemand::json_type::object: {
        ondemand::object fields;
        if (value.get_object().get(fields) != simdjson::SUCCESS) return false;
        for (auto field : fields) {
          ondemand::field pair;
          std::string_view key;
          if (std::move(field).get(pair) != simdjson::SUCCESS) return false;
          if (pair.unescaped_key().get(key) != simdjson::SUCCESS || !walk(pair.value(), depth + 1)) return false;
        }
        return true;
      }
      default: return scalar(value, type);
    }
  }

  bool scalar(ondemand::value& value, ondemand::json_type type) {
    const std::string_view token = value.raw_json_token();
    std::string_view text;
    double number = 0;
    bool truth = false;
    bool fine = false;
    switch (type) {
      case ondemand::json_type::string: fine = value.get_string().get(text) == simdjson::SUCCESS; break;
      case ondemand::json_type::number: fine = value.get_double().get(number) == simdjson::SUCCESS && fits(token); break;
      case ondemand::json_type::boolean: fine = value.get_bool().get(truth) == simdjson::SUCCESS; break;
      default: fine = trim(token).starts_with("null"); break;
    }
    if (!fine) place_ = Place{.offset = static_cast<std::size_t>(token.data() - padded_.data()), .token = trim(token)};
    return fine;
  }

  // Whether an integer has at most 64 bits.
  static bool fits(std::string_view token) {
    token = trim(token);
    if (token.find_first_not_of("-0123456789") != token.npos) return true;
    std::uint64_t magnitude = 0;
    const bool negative = token.starts_with('-');
    const auto [rest, error] = std::from_chars(token.data() + (negative ? 1 : 0), token.data() + token.size(), magnitude);
    return error == std::errc{} && (!negative || magnitude <= std::uint64_t{1} << 63U);
  }

  std::string_view padded_;
  std::optional<Place> place_;
};

// A number as RFC 8259 writes it, however large.
bool is_json_number(std::string_view token) {
  const auto digits = [&token] {
    const std::size_t count = std::min(token.find_first_not_of("0123456789"), token.size());
    token.remove_prefix(count);
    return count;
  };
  if (token.starts_with('-')) token.remove_prefix(1);
  const bool leading_zero = token.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return token.empty();
}

Error describe(simdjson::error_code code, std::string_view padded, std::size_t capacity) {
  switch (code) {
    case simdjson::UTF8_ERROR: return {ErrorCode::invalid_utf8, "the JSON text is not UTF-8"};
    case simdjson::DEPTH_ERROR: return {ErrorCode::too_deep, "the JSON text has too many arrays within each other"};
    case simdjson::CAPACITY: return {ErrorCode::too_large, "the JSON text is too large"};
    case simdjson::EMPTY: return {ErrorCode::malformed, "the JSON text is empty"};
    case simdjson::UNCLOSED_STRING: return {ErrorCode::malformed, "a string in the JSON text has no end"};
    case simdjson::UNESCAPED_CHARS: return {ErrorCode::malformed, "a string in the JSON text has a bare control character"};
    default: break;
  }
  std::string_view sentence = "the JSON text is malformed";
  if (code == simdjson::STRING_ERROR) sentence = "a string in the JSON text has a wrong escape";
  if (code == simdjson::NUMBER_ERROR) sentence = "a number in the JSON text is malformed";
  Error error(ErrorCode::malformed, std::string(sentence));
  if (const auto place = Locator::locate(padded, capacity)) {
    if (code == simdjson::NUMBER_ERROR && is_json_number(place->token)) {
      error = Error(ErrorCode::out_of_range, "a number in the JSON text does not fit 64 bits");
    }
    if (place->too_deep) error = Error(ErrorCode::too_deep, "the JSON text has too many arrays within each other");
    error.offset = place->offset;
  }
  return error;
}

}  // namespace

Result<std::vector<std::byte>> messagepack_from_json(std::string_view json) {
  if (json.size() > json_bytes_max) return base::fail(ErrorCode::too_large, "the JSON text is larger than 128 MiB");
  thread_local dom::parser parser;
  thread_local std::string padded;
  if (parser.max_depth() != json_depth_max &&
      parser.allocate(simdjson::dom::MINIMAL_DOCUMENT_CAPACITY, json_depth_max) != simdjson::SUCCESS) {
    return base::fail(ErrorCode::out_of_resources, "no memory for a JSON parser");
  }
  padded.assign(json);
  padded.resize(json.size() + simdjson::SIMDJSON_PADDING);
  dom::element root;
  const auto parsed = parser.parse(padded.data(), json.size(), false).get(root);
  Bytes bytes;
  Result<void> written;
  if (parsed == simdjson::SUCCESS) {
    Encoder out(bytes);
    DomEncoder(out).value(root);
    written = out.finish();
  } else {
    written = base::fail(describe(parsed, std::string_view(padded).substr(0, json.size()), padded.size()));
  }
  if (padded.size() > kept_bytes_max) {
    parser = dom::parser();
    padded = std::string();
  }
  BATPAK_CHECK(std::move(written));
  return bytes;
}

Result<Value> value_from_json(std::string_view json) {
  BATPAK_TRY(const Bytes bytes, messagepack_from_json(json));
  return value_from_messagepack(bytes);
}

}  // namespace batpak
