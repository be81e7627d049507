#include "batpak/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "batpak/codec.hpp"
#include "codec/rich_payload.hpp"
#include "codec/test_hex.hpp"

namespace batpak::codec {
namespace {

std::string from_json(std::string_view json) {
  const auto bytes = messagepack_from_json(json);
  return bytes ? to_hex(*bytes) : std::string(to_string(bytes.error().code));
}

std::string to_json(std::string_view hex) {
  const auto json = json_from_messagepack(from_hex(hex), JsonStyle::compact);
  return json ? *json : std::string(to_string(json.error().code));
}

// One value, in both directions.
void expect_json(std::string_view json, std::string_view hex) {
  EXPECT_EQ(from_json(json), hex) << json;
  EXPECT_EQ(to_json(hex), json) << hex;
}

Error refusal(std::string_view json) {
  const auto bytes = messagepack_from_json(json);
  return bytes ? Error() : bytes.error();
}

TEST(Json, has_the_plain_values) {
  expect_json("null", "c0");
  expect_json("true", "c3");
  expect_json("false", "c2");
  expect_json("0", "00");
  expect_json("-33", "d0df");
  expect_json("\"x\"", "a178");
  expect_json("[]", "90");
  expect_json("{}", "80");
  expect_json("[1,[2],{\"a\":null}]", "9301910281a161c0");
}

TEST(Json, puts_keys_into_canonical_order) {
  EXPECT_EQ(from_json(R"({"b":1,"aa":2,"a":3})"), "83a16103a2616102a16201");
  EXPECT_EQ(to_json("82a16201a16102"), R"({"a":2,"b":1})");  // also from bytes that are not canonical
}

TEST(Json, writes_integers_beyond_2_to_the_53_as_text) {
  expect_json("9007199254740992", "cf0020000000000000");
  expect_json("-9007199254740992", "d3ffe0000000000000");
  expect_json(R"({"$int":"9007199254740993"})", "cf0020000000000001");
  expect_json(R"({"$int":"-9007199254740993"})", "d3ffdfffffffffffff");
  expect_json(R"({"$int":"18446744073709551615"})", "cfffffffffffffffff");
  expect_json(R"({"$int":"-9223372036854775808"})", "d38000000000000000");
}

TEST(Json, takes_integers_of_64_bits_exactly) {
  EXPECT_EQ(from_json("9007199254740993"), "cf0020000000000001");
  EXPECT_EQ(from_json("18446744073709551615"), "cfffffffffffffffff");
  EXPECT_EQ(from_json("-9223372036854775808"), "d38000000000000000");
  EXPECT_EQ(from_json(R"({"$int":"5"})"), "05");
  EXPECT_EQ(from_json("-0"), "00");
}

TEST(Json, refuses_numbers_beyond_64_bits) {
  EXPECT_EQ(refusal("18446744073709551616").code, ErrorCode::out_of_range);
  EXPECT_EQ(refusal("[1, -9223372036854775809]").code, ErrorCode::out_of_range);
  EXPECT_EQ(refusal("[1, -9223372036854775809]").offset, 4U);
  EXPECT_EQ(refusal("{\"a\":100000000000000000000000}").code, ErrorCode::out_of_range);
  EXPECT_EQ(refusal("1e400").code, ErrorCode::out_of_range);
  EXPECT_EQ(refusal(R"({"$int":"18446744073709551616"})").code, ErrorCode::out_of_range);
  EXPECT_EQ(refusal(R"({"$float32":1e39})").code, ErrorCode::out_of_range);
}

TEST(Json, keeps_floats_floats_with_the_fewest_digits) {
  expect_json("1.0", "cb3ff0000000000000");
  expect_json("-0.0", "cb8000000000000000");
  expect_json("0.1", "cb3fb999999999999a");
  expect_json("1e+300", "cb7e37e43c8800759c");
  expect_json("5e-324", "cb0000000000000001");
  expect_json("1.7976931348623157e+308", "cb7fefffffffffffff");
  expect_json(R"({"$float32":0.1})", "ca3dcccccd");
  expect_json(R"({"$float32":1.0})", "ca3f800000");
  expect_json(R"({"$float32":-0.0})", "ca80000000");
  expect_json(R"({"$float32":3.4028235e+38})", "ca7f7fffff");
  EXPECT_EQ(from_json("1e3"), "cb408f400000000000");
  EXPECT_EQ(from_json(R"({"$float32":1})"), "ca3f800000");
  EXPECT_EQ(from_json(R"({"$float64":1})"), "cb3ff0000000000000");
}

TEST(Json, names_what_numbers_cannot_say) {
  expect_json(R"({"$float64":"nan"})", "cb7ff8000000000000");
  expect_json(R"({"$float64":"inf"})", "cb7ff0000000000000");
  expect_json(R"({"$float64":"-inf"})", "cbfff0000000000000");
  expect_json(R"({"$float32":"nan"})", "ca7fc00000");
  expect_json(R"({"$float32":"inf"})", "ca7f800000");
  expect_json(R"({"$float32":"-inf"})", "caff800000");
}

TEST(Json, keeps_every_float_of_both_widths) {
  std::mt19937_64 random(20'260'102);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    const auto low_bits = static_cast<std::uint32_t>(bits);
    for (const Value& value : {Value(std::bit_cast<double>(bits)), Value(std::bit_cast<float>(low_bits))}) {
      const auto json = json_from_value(value, JsonStyle::compact);
      ASSERT_TRUE(json);
      ASSERT_EQ(*value_from_json(*json), value) << *json;
    }
  }
}

TEST(Json, has_a_form_for_bytes) {
  expect_json(R"({"$bytes":""})", "c400");
  expect_json(R"({"$bytes":"AA=="})", "c40100");
  expect_json(R"({"$bytes":"AAE="})", "c4020001");
  expect_json(R"({"$bytes":"AAEC"})", "c403000102");
  expect_json(R"({"$bytes":"+/8="})", "c402fbff");
}

TEST(Json, has_a_form_for_times) {
  expect_json(R"({"$time":"1970-01-01T00:00:00Z"})", "d6ff00000000");
  expect_json(R"({"$time":"2026-01-02T03:04:05.000000006Z"})", "d7ff00000018695735a5");
  expect_json(R"({"$time":"0000-01-01T00:00:00Z"})", "c70cff00000000fffffff1868b8400");
  expect_json(R"({"$time":"9999-12-31T23:59:59.999999999Z"})", "c70cff3b9ac9ff0000003afff4417f");
  expect_json(R"({"$time":"@253402300800"})", "c70cff000000000000003afff44180");
  expect_json(R"({"$time":"@-9223372036854775808.500000000"})", "c70cff1dcd65008000000000000000");
  expect_json(R"({"$time":"1969-12-31T23:59:59.500000000Z"})", "c70cff1dcd6500ffffffffffffffff");
  EXPECT_EQ(from_json(R"({"$time":"2024-02-29T00:00:00.5Z"})"), from_json(R"({"$time":"2024-02-29T00:00:00.500000000Z"})"));
}

TEST(Json, has_a_form_for_maps_that_are_no_objects) {
  expect_json(R"({"$map":[[1,"a"],[2,"b"]]})", "8201a16102a162");
  expect_json(R"({"$map":[[{"$int":"9007199254740993"},null],["x",1]]})", "82cf0020000000000001c0a17801");
  expect_json(R"({"$map":[["$bytes","AAEC"]]})", "81a6246279746573a441414543");
  expect_json(R"({"$map":[["$map",[]]]})", "81a4246d617090");
  expect_json(R"({"$other":1})", "81a6246f7468657201");
  expect_json(R"({"$bytes":1,"x":2})", "82a624627974657301a17802");
  EXPECT_EQ(from_json(R"({"$map":[[5,1],[-1,2]]})"), "820501ff02");
  EXPECT_EQ(from_json(R"({"$map":[]})"), "80");
}

TEST(Json, refuses_a_form_that_says_nothing) {
  for (const std::string_view json : {R"({"$bytes":1})",
                                      R"({"$bytes":"A"})",
                                      R"({"$bytes":"AB=="})",
                                      R"({"$bytes":"AA"})",
                                      R"({"$bytes":"A-A="})",
                                      R"({"$time":1})",
                                      R"({"$time":"yesterday"})",
                                      R"({"$time":"2026-02-29T00:00:00Z"})",
                                      R"({"$time":"2026-01-01T24:00:00Z"})",
                                      R"({"$time":"2026-01-01T00:00:60Z"})",
                                      R"({"$time":"2026-01-01T00:00:00"})",
                                      R"({"$time":"2026-01-01T00:00:00+01:00"})",
                                      R"({"$time":"2026-01-01T00:00:00.Z"})",
                                      R"({"$time":"2026-01-01T00:00:00.0000000001Z"})",
                                      R"({"$time":"@"})",
                                      R"({"$int":5})",
                                      R"({"$int":"05"})",
                                      R"({"$int":"-0"})",
                                      R"({"$int":""})",
                                      R"({"$int":"1.0"})",
                                      R"({"$int":"+1"})",
                                      R"({"$float32":"NaN"})",
                                      R"({"$float64":true})",
                                      R"({"$map":{}})",
                                      R"({"$map":[[1]]})",
                                      R"({"$map":[[1,2,3]]})",
                                      R"({"$map":[[1.5,2]]})",
                                      R"({"$map":[[null,2]]})",
                                      R"({"$map":[[{"$int":"x"},2]]})"}) {
    EXPECT_EQ(refusal(json).code, ErrorCode::malformed) << json;
  }
}

TEST(Json, refuses_a_key_twice) {
  EXPECT_EQ(refusal(R"({"a":1,"a":2})").code, ErrorCode::duplicate_key);
  EXPECT_EQ(refusal(R"({"a":1,"b":2,"a":3})").code, ErrorCode::duplicate_key);
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})").code, ErrorCode::duplicate_key);
  EXPECT_EQ(refusal(R"([{"x":{"c":1,"a":2,"b":3,"a":4}}])").code, ErrorCode::duplicate_key);
  EXPECT_EQ(refusal(R"({"$map":[[1,1],[1,2]]})").code, ErrorCode::duplicate_key);
}

TEST(Json, says_where_a_text_is_malformed) {
  struct Case {
    std::string_view json;
    std::uint64_t offset;
  };
  for (const auto& [json, offset] : {Case{R"({"a":01})", 5}, Case{"[1,2,nul]", 5}, Case{"[1 2]", 3}, Case{R"({"a" 1})", 5},
                                     Case{"[1,]", 3}, Case{R"(["\x"])", 1}, Case{"[tru]", 1}, Case{"nul", 0}}) {
    const Error error = refusal(json);
    EXPECT_EQ(error.code, ErrorCode::malformed) << json;
    EXPECT_EQ(error.offset, offset) << json << ": " << error;
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(Json, refuses_what_is_no_json) {
  for (const std::string_view json :
       {"",   " ",  "{",  "[",  "\"", "{\"a\"}", "{\"a\":}",    "[1]]",           "1 2",      "{'a':1}", "\"\n\"",
        "+1", ".5", "1.", "01", "1e", "NaN",     "\"\\ud800\"", "\xEF\xBB\xBF{}", "[\"a\",]", "{,}",     "//x\n1"}) {
    EXPECT_EQ(refusal(json).code, ErrorCode::malformed) << json;
  }
  EXPECT_EQ(refusal("\"\xFF\"").code, ErrorCode::invalid_utf8);
  EXPECT_EQ(refusal(std::string_view("1\0", 2)).code, ErrorCode::malformed);
}

TEST(Json, escapes_what_a_string_may_not_hold) {
  expect_json(R"("\"\\\b\f\n\r\t\u0000\u001f/é☃𝄞")", "b3225c080c0a0d09001f2fc3a9e29883f09d849e");
  EXPECT_EQ(from_json(R"("\/\ud834\udd1e")"), "a52ff09d849e");
}

TEST(Json, is_bounded_in_depth_and_size) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(messagepack_from_json(nested(64)));
  EXPECT_EQ(refusal(nested(65)).code, ErrorCode::too_deep);
  EXPECT_EQ(refusal(nested(10'000)).code, ErrorCode::too_deep);
  EXPECT_EQ(refusal(std::string(2'000'000, '[')).code, ErrorCode::too_deep);
  EXPECT_EQ(refusal('"' + std::string(17U << 20U, 'x') + '"').code, ErrorCode::payload_too_large);
  std::string deep = "{\"$bytes\":\"\"}";
  for (int i = 0; i < 64; ++i) deep = "{\"$map\":[[1," + deep + "]]}";
  const auto bytes = messagepack_from_json(deep);
  ASSERT_TRUE(bytes) << bytes.error();
  EXPECT_EQ(*json_from_messagepack(*bytes, JsonStyle::compact), deep);
}

TEST(Json, is_pretty_on_demand) {
  const auto json =
      json_from_messagepack(*messagepack_from_json(R"({"b":[1,{}],"a":{"$bytes":"AA=="},"c":{"x":[]}})"), JsonStyle::pretty);
  EXPECT_EQ(*json, R"({
  "a": {"$bytes": "AA=="},
  "b": [
    1,
    {}
  ],
  "c": {
    "x": []
  }
})");
}

TEST(Json, of_a_typed_payload_gives_its_bytes_again) {
  Bytes typed;
  ASSERT_TRUE(encode_payload(typed, rich_example()));
  for (const JsonStyle style : {JsonStyle::compact, JsonStyle::pretty}) {
    const auto json = json_from_messagepack(typed, style);
    ASSERT_TRUE(json) << json.error();
    const auto bytes = messagepack_from_json(*json);
    ASSERT_TRUE(bytes) << bytes.error();
    EXPECT_EQ(to_hex(*bytes), to_hex(typed));
  }
}

TEST(Json, given_by_hand_is_read_into_a_type) {
  const auto bytes = messagepack_from_json(R"({"x": 10, "y": -20, "note": "not known to the type"})");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*decode_payload<Point>(*bytes), (Point{.y = -20, .x = 10}));
}

TEST(Json, cut_or_changed_at_any_byte_is_refused_or_canonical) {
  Bytes typed;
  ASSERT_TRUE(encode_payload(typed, rich_example()));
  const std::string json = *json_from_messagepack(typed, JsonStyle::compact);
  for (std::size_t size = 0; size < json.size(); ++size) EXPECT_FALSE(messagepack_from_json(json.substr(0, size))) << size;
  for (std::size_t at = 0; at < json.size(); ++at) {
    for (const char c : {'"', '{', ']', ',', '0', '\\', 'x', '\0', '\xFF'}) {
      std::string changed = json;
      changed[at] = c;
      if (const auto bytes = messagepack_from_json(changed)) {
        ASSERT_TRUE(check_canonical(*bytes)) << changed;
      }
    }
  }
}

TEST(Value, finds_what_a_map_holds) {
  const Value order = Value::map({{"item", "lamp"}, {"count", 2}, {"price", 19.5}, {7, false}});
  EXPECT_EQ(order.find("count")->to_int64(), 2);
  EXPECT_EQ(*order.find("item")->if_text(), "lamp");
  EXPECT_EQ(order.find("price")->to_double(), 19.5);
  EXPECT_EQ(order.find(7)->to_bool(), false);
  EXPECT_EQ(order.find("other"), nullptr);
  EXPECT_EQ(order.find("item")->find("x"), nullptr);
}

TEST(Value, equals_by_its_canonical_bytes) {
  EXPECT_EQ(Value::map({{"a", 1}, {"b", 2}}), Value::map({{"b", 2}, {"a", std::uint8_t{1}}}));
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(1.0), Value(1.0F));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_EQ(Value(std::nan("1")), Value(-std::nan("2")));
}

TEST(Value, gives_integers_only_where_they_fit) {
  EXPECT_EQ(Value(UINT64_MAX).to_uint64(), UINT64_MAX);
  EXPECT_EQ(Value(UINT64_MAX).to_int64(), std::nullopt);
  EXPECT_EQ(Value(-1).to_uint64(), std::nullopt);
  EXPECT_EQ(Value(-1).to_int64(), -1);
  EXPECT_EQ(Value(1.0).to_int64(), std::nullopt);
}

TEST(Value, with_a_key_twice_is_refused) {
  EXPECT_EQ(messagepack_from_value(Value::map({{"a", 1}, {"a", 2}})).error().code, ErrorCode::duplicate_key);
  EXPECT_EQ(value_from_messagepack(from_hex("82a16101a16102")).error().code, ErrorCode::duplicate_key);
}

}  // namespace
}  // namespace batpak::codec
