#include "batpak/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "codec/rich_payload.hpp"
#include "codec/test_hex.hpp"

namespace batpak::codec {

struct Careless {
  int values = 1;
};

struct Swapped {
  int unused = 0;
};

namespace {

template <class T>
std::string encoded(const T& value) {
  Bytes bytes;
  const auto written = encode_payload(bytes, value);
  return written ? to_hex(bytes) : std::string(to_string(written.error().code));
}

template <class T>
Result<T> decoded(std::string_view hex) {
  return decode_payload<T>(from_hex(hex));
}

template <class T>
ErrorCode refusal(std::string_view hex) {
  const auto value = decoded<T>(hex);
  return value ? ErrorCode{} : value.error().code;
}

// The bytes of one value, in both directions.
template <class T>
void expect_bytes(const T& value, std::string_view hex) {
  EXPECT_EQ(encoded(value), hex);
  const auto back = decoded<T>(hex);
  ASSERT_TRUE(back) << hex << ": " << back.error();
  EXPECT_EQ(*back, value) << hex;
}

struct Moved {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const Moved&, const Moved&) = default;
};

struct Defaults {
  std::int32_t a = 11;
  std::optional<std::string> b;
  std::string c = "kept";
};

TEST(Encoding, of_a_struct_is_a_map_of_its_field_names) { expect_bytes(Moved{10, 20}, "82a1780aa17914"); }

TEST(Encoding, sorts_the_fields_by_the_bytes_of_their_names) {
  struct Unsorted {
    std::int32_t b, aa, a, B;
  };
  EXPECT_EQ(encoded(Unsorted{1, 2, 3, 4}), "84a14204a16103a2616102a16201");
}

TEST(Encoding, of_integers_is_the_shortest_form) {
  expect_bytes(std::uint64_t{0}, "00");
  expect_bytes(std::int8_t{127}, "7f");
  expect_bytes(std::uint8_t{128}, "cc80");
  expect_bytes(std::int64_t{255}, "ccff");
  expect_bytes(std::uint16_t{256}, "cd0100");
  expect_bytes(std::uint32_t{65'535}, "cdffff");
  expect_bytes(std::int32_t{65'536}, "ce00010000");
  expect_bytes(std::uint32_t{UINT32_MAX}, "ceffffffff");
  expect_bytes(std::int64_t{4'294'967'296}, "cf0000000100000000");
  expect_bytes(std::uint64_t{UINT64_MAX}, "cfffffffffffffffff");
  expect_bytes(std::int8_t{-1}, "ff");
  expect_bytes(std::int64_t{-32}, "e0");
  expect_bytes(std::int16_t{-33}, "d0df");
  expect_bytes(std::int8_t{INT8_MIN}, "d080");
  expect_bytes(std::int32_t{-129}, "d1ff7f");
  expect_bytes(std::int16_t{INT16_MIN}, "d18000");
  expect_bytes(std::int32_t{-32'769}, "d2ffff7fff");
  expect_bytes(std::int32_t{INT32_MIN}, "d280000000");
  expect_bytes(std::int64_t{-2'147'483'649}, "d3ffffffff7fffffff");
  expect_bytes(std::int64_t{INT64_MIN}, "d38000000000000000");
}

TEST(Encoding, of_other_scalars) {
  expect_bytes(true, "c3");
  expect_bytes(false, "c2");
  expect_bytes(std::monostate{}, "c0");
  expect_bytes(0.1F, "ca3dcccccd");
  expect_bytes(0.1, "cb3fb999999999999a");
  expect_bytes(1.0, "cb3ff0000000000000");
  expect_bytes(Colour::green, "ccc8");
  expect_bytes(std::chrono::milliseconds(-1500), "d1fa24");
}

TEST(Encoding, knows_one_nan_and_two_zeroes) {
  EXPECT_EQ(encoded(std::numeric_limits<double>::quiet_NaN()), "cb7ff8000000000000");
  EXPECT_EQ(encoded(-std::numeric_limits<double>::quiet_NaN()), "cb7ff8000000000000");
  EXPECT_EQ(encoded(std::numeric_limits<double>::signaling_NaN()), "cb7ff8000000000000");
  EXPECT_EQ(encoded(-std::numeric_limits<float>::quiet_NaN()), "ca7fc00000");
  EXPECT_TRUE(std::isnan(*decoded<double>("cb7ff8000000000000")));
  EXPECT_EQ(encoded(0.0), "cb0000000000000000");
  EXPECT_EQ(encoded(-0.0), "cb8000000000000000");
  expect_bytes(-std::numeric_limits<float>::infinity(), "caff800000");
}

TEST(Encoding, of_strings_and_bytes) {
  expect_bytes(std::string(), "a0");
  expect_bytes(std::string("é"), "a2c3a9");
  EXPECT_EQ(encoded(std::string(31, 'x')).substr(0, 4), "bf78");
  EXPECT_EQ(encoded(std::string(32, 'x')).substr(0, 6), "d92078");
  EXPECT_EQ(encoded(std::string(256, 'x')).substr(0, 8), "da010078");
  EXPECT_EQ(encoded(std::string(65'536, 'x')).substr(0, 12), "db0001000078");
  expect_bytes(Bytes{}, "c400");
  expect_bytes(Bytes{std::byte{1}, std::byte{2}}, "c4020102");
  expect_bytes(std::array{std::byte{1}, std::byte{2}}, "c4020102");
  EXPECT_EQ(encoded(Bytes(256)).substr(0, 6), "c50100");
  EXPECT_EQ(encoded(Bytes(65'536)).substr(0, 10), "c600010000");
}

TEST(Encoding, of_containers) {
  expect_bytes(std::vector<int>{}, "90");
  expect_bytes(std::vector<int>{1, 2}, "920102");
  expect_bytes(std::vector<bool>{true, false}, "92c3c2");
  expect_bytes(std::array<int, 2>{1, 2}, "920102");
  EXPECT_EQ(encoded(std::vector<int>(16)).substr(0, 6), "dc0010");
  EXPECT_EQ(encoded(std::vector<int>(65'536)).substr(0, 10), "dd00010000");
  expect_bytes(std::optional<int>(), "c0");
  expect_bytes(std::optional<int>(5), "05");
  using Choice = std::variant<std::monostate, int, std::string>;
  expect_bytes(Choice(), "9200c0");
  expect_bytes(Choice(5), "920105");
  expect_bytes(Choice("x"), "9202a178");
}

TEST(Encoding, of_maps_sorts_texts_by_bytes_and_integers_by_encoded_bytes) {
  expect_bytes(std::map<std::string, int>{{"b", 1}, {"aa", 2}, {"", 3}}, "83a003a2616102a16201");
  expect_bytes(std::unordered_map<std::string, int>{{"b", 1}, {"aa", 2}, {"", 3}}, "83a003a2616102a16201");
  expect_bytes(std::map<int, int>{{-1, 1}, {5, 2}, {-200, 3}, {300, 4}}, "840502cd012c04d1ff3803ff01");
  std::map<std::string, int> many;
  for (int i = 0; i < 100; ++i) many[std::to_string(i)] = i;
  const std::unordered_map<std::string, int> shuffled(many.begin(), many.end());
  EXPECT_EQ(encoded(shuffled), encoded(many));
}

TEST(Encoding, of_maps_within_unsorted_maps_is_sorted_at_every_level) {
  using Inner = std::unordered_map<std::string, int>;
  expect_bytes(std::unordered_map<std::string, Inner>{{"b", {{"y", 1}, {"x", 2}}}, {"a", {{"w", 3}, {"v", 4}}}},
               "82a16182a17604a17703a16282a17802a17901");
}

TEST(Encoding, of_times_is_the_shortest_timestamp) {
  using std::chrono::system_clock;
  const auto at = [](std::int64_t nanoseconds) {
    return std::chrono::time_point<system_clock, std::chrono::nanoseconds>(std::chrono::nanoseconds(nanoseconds));
  };
  expect_bytes(at(0), "d6ff00000000");
  expect_bytes(at(4'294'967'295'000'000'000), "d6ffffffffff");
  expect_bytes(at(1), "d7ff0000000400000000");
  expect_bytes(at(4'294'967'296'000'000'000), "d7ff0000000100000000");
  expect_bytes(at(-1), "c70cff3b9ac9ffffffffffffffffff");
  expect_bytes(at(INT64_MIN), "c70cff08a7f200fffffffdda3e82fb");
  expect_bytes(at(INT64_MAX), "d7ffcbcb5ffe25c17d04");
  expect_bytes(std::chrono::sys_seconds(std::chrono::seconds(17'179'869'184)), "c70cff000000000000000400000000");
  expect_bytes(std::chrono::sys_days(std::chrono::days(1)), "d6ff00015180");
}

TEST(Encoding, refuses_a_time_too_far_from_1970) {
  using Hours = std::chrono::duration<std::int64_t, std::ratio<3600>>;
  EXPECT_EQ(encoded(std::chrono::time_point<std::chrono::system_clock, Hours>(Hours(INT64_MAX))), "out_of_range");
}

TEST(Encoding, appends_behind_what_the_buffer_held) {
  Bytes bytes(24, std::byte{0xEE});
  ASSERT_TRUE(encode_payload(bytes, Moved{1, 2}));
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(24)), "82a17801a17902");
  EXPECT_EQ(ByteView(bytes).first(24).back(), std::byte{0xEE});
}

TEST(Encoding, leaves_the_buffer_as_it_was_after_an_error) {
  Bytes bytes(24, std::byte{0xEE});
  const Bytes before = bytes;
  const auto written = encode_payload(bytes, std::vector<std::string>{std::string(1000, 'x'), "\xFF"});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::invalid_utf8);
  EXPECT_EQ(bytes, before);
}

TEST(Encoding, names_the_field_that_failed) {
  struct Inner {
    std::string name;
  };
  struct Outer {
    std::vector<Inner> people;
  };
  Bytes bytes;
  const auto written = encode_payload(bytes, Outer{{{"fine"}, {"\xC0\x80"}}});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "field people.name: a string is not UTF-8");
}

TEST(Encoding, refuses_what_is_larger_than_a_payload) {
  EXPECT_EQ(encoded(Bytes((16U << 20U) - 4)), "payload_too_large");  // with its head one byte too many
  Bytes bytes;
  EXPECT_TRUE(encode_payload(bytes, Bytes((16U << 20U) - 5)));
  EXPECT_EQ(encoded(std::vector<std::string>(2000, std::string(10'000, 'x'))), "payload_too_large");
}

TEST(Encoding, is_bounded_in_depth) {
  Tree tree;
  for (int i = 0; i < 31; ++i) {
    Tree outer{"", {tree}};
    tree = outer;
  }
  Bytes bytes;
  EXPECT_TRUE(encode_payload(bytes, tree));  // 32 structs, each with a list
  EXPECT_EQ(*decode_payload<Tree>(bytes), tree);
  EXPECT_EQ(encoded(Tree{"", {tree}}), "too_deep");
}

}  // namespace
}  // namespace batpak::codec

template <>
struct batpak::Codec<batpak::codec::Careless> {
  static constexpr std::string_view type_name = "any";
  static void encode(Encoder& out, const codec::Careless& careless) {
    for (int i = 0; i < careless.values; ++i) out.nil();
  }
  static Result<codec::Careless> decode(Decoder& in) { return in.nil(), codec::Careless{}; }
};

template <>
struct batpak::Codec<batpak::codec::Swapped> {
  static constexpr std::string_view type_name = "map<string,i32>";
  static void encode(Encoder& out, const codec::Swapped&) {
    MapEncoder map(out, 3);
    map.key("b");
    out.integer(1);
    map.key(7);
    out.integer(2);
    map.key("a");
    out.integer(3);
    map.end();
  }
  static Result<codec::Swapped> decode(Decoder& in) { return in.skip(), codec::Swapped{}; }
};

namespace batpak::codec {
namespace {

TEST(Customization, writes_and_reads_through_the_codec_of_the_type) {
  expect_bytes(Temperature(293'150), "a83239333135306d4b");
  EXPECT_EQ(refusal<Temperature>("a17b"), ErrorCode::malformed);
  EXPECT_EQ(refusal<Temperature>("01"), ErrorCode::type_mismatch);
}

TEST(Customization, that_writes_not_exactly_one_value_is_found) {
  EXPECT_EQ(encoded(Careless{1}), "c0");
  EXPECT_EQ(encoded(Careless{0}), "invalid_argument");
  EXPECT_EQ(encoded(Careless{2}), "invalid_argument");
  EXPECT_EQ(encoded(std::vector<Careless>{{2}, {0}}), "92c0c0");
}

TEST(Customization, may_write_the_keys_of_a_map_in_any_order) { EXPECT_EQ(encoded(Swapped{}), "830702a16103a16201"); }

TEST(Decoding, takes_the_fields_in_any_order) { EXPECT_EQ(*decoded<Moved>("82a17914a1780a"), (Moved{10, 20})); }

TEST(Decoding, passes_over_unknown_fields) {
  EXPECT_EQ(*decoded<Moved>("84a161c0a1780aa17914a17a93010203"), (Moved{10, 20}));
  EXPECT_EQ(*decoded<Moved>("8305c3a1780aa17914"), (Moved{10, 20}));  // an integer is no field's name
}

TEST(Decoding, checks_unknown_fields_like_known_ones) {
  EXPECT_EQ(refusal<Moved>("83a161c1a1780aa17914"), ErrorCode::malformed);
  EXPECT_EQ(refusal<Moved>("83a161a1ffa1780aa17914"), ErrorCode::invalid_utf8);
  EXPECT_EQ(refusal<Moved>("83a161d40500a1780aa17914"), ErrorCode::unsupported_type);
  EXPECT_EQ(refusal<Moved>("83a16182a16201a16202a1780aa17914"), ErrorCode::duplicate_key);
  EXPECT_EQ(refusal<Moved>("83a16183a16201a16302a16203a1780aa17914"), ErrorCode::duplicate_key);
}

TEST(Decoding, keeps_the_default_of_missing_fields) {
  const auto value = decoded<Defaults>("81a162a178");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->a, 11);
  EXPECT_EQ(value->b, "x");
  EXPECT_EQ(value->c, "kept");
}

// Witness: canonical_one_form
TEST(Decoding, refuses_a_key_twice) {
  EXPECT_EQ(refusal<Moved>("83a17801a17902a17803"), ErrorCode::duplicate_key);
  EXPECT_EQ(refusal<Moved>("84a16100a16200a16100a17803"), ErrorCode::duplicate_key);
  EXPECT_EQ(refusal<Moved>("82050ccc0500"), ErrorCode::duplicate_key);  // 5, written in two ways
  EXPECT_EQ((refusal<std::map<std::string, int>>("82a16101a16102")), ErrorCode::duplicate_key);
}

TEST(Decoding, takes_integers_of_any_width_that_fit) {
  EXPECT_EQ(*decoded<std::uint8_t>("cf0000000000000005"), 5);
  EXPECT_EQ(*decoded<std::uint8_t>("d30000000000000005"), 5);
  EXPECT_EQ(*decoded<std::int8_t>("d3ffffffffffffff80"), -128);
}

TEST(Decoding, refuses_numbers_that_do_not_fit) {
  EXPECT_EQ(refusal<std::int8_t>("cc80"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<std::uint64_t>("ff"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<std::int64_t>("cf8000000000000000"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<Colour>("cd0100"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<Moved>("82a178ce80000000a17900"), ErrorCode::out_of_range);
}

TEST(Decoding, takes_a_number_for_a_float_if_it_is_exact) {
  EXPECT_EQ(*decoded<double>("05"), 5.0);
  EXPECT_EQ(*decoded<double>("ca3f000000"), 0.5);
  EXPECT_EQ(*decoded<float>("cb3fe0000000000000"), 0.5F);
  EXPECT_EQ(*decoded<double>("cf0020000000000000"), 9007199254740992.0);
  EXPECT_EQ(*decoded<double>("cf8000000000000000"), 9223372036854775808.0);
  EXPECT_EQ(*decoded<double>("d38000000000000000"), -9223372036854775808.0);
  EXPECT_EQ(refusal<double>("cf0020000000000001"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<float>("ce01000001"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<float>("cb3fb999999999999a"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<float>("cb7fefffffffffffff"), ErrorCode::out_of_range);
  EXPECT_TRUE(std::isnan(*decoded<float>("cb7ff8000000000000")));
  EXPECT_TRUE(std::isinf(*decoded<float>("cb7ff0000000000000")));
}

TEST(Decoding, is_strict_about_types) {
  EXPECT_EQ(refusal<int>("cb3ff0000000000000"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<int>("c3"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<bool>("01"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<std::string>("c40161"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<Bytes>("a161"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<double>("a161"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<Moved>("920102"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<std::vector<int>>("8101c0"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<Moved>("82a178c0a17900"), ErrorCode::type_mismatch);
  EXPECT_EQ((refusal<std::array<int, 2>>("93010203")), ErrorCode::type_mismatch);
  EXPECT_EQ((refusal<std::array<std::byte, 2>>("c40101")), ErrorCode::type_mismatch);
  EXPECT_EQ((refusal<std::map<int, int>>("81a16101")), ErrorCode::type_mismatch);
  using Choice = std::variant<int, std::string>;
  EXPECT_EQ(refusal<Choice>("9105"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<Choice>("920205"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<std::chrono::system_clock::time_point>("05"), ErrorCode::type_mismatch);
  EXPECT_EQ(refusal<std::chrono::sys_seconds>("d7ff0000000400000000"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<std::chrono::system_clock::time_point>("c70cff000000007fffffffffffffff"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal<std::chrono::sys_seconds>("c70cff3b9aca000000000000000000"), ErrorCode::malformed);
}

TEST(Decoding, names_the_field_and_the_offset) {
  const auto value = decoded<Rich>("81a5706f696e7481a178a161");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message, "field point.x: found a string instead of an integer");
  EXPECT_EQ(value.error().offset, 10U);
}

TEST(Decoding, refuses_what_is_cut_short_or_goes_on) {
  EXPECT_EQ(refusal<Moved>(""), ErrorCode::truncated);
  EXPECT_EQ(refusal<Moved>("82a1780a"), ErrorCode::truncated);
  EXPECT_EQ(refusal<Moved>("82a1780aa1791400"), ErrorCode::trailing_bytes);
  EXPECT_EQ(refusal<std::string>("d9"), ErrorCode::truncated);
  EXPECT_EQ(refusal<std::string>("dbffffffff"), ErrorCode::truncated);
}

// Witness: decoder_stays_in_bounds
TEST(Decoding, believes_no_count_that_the_bytes_cannot_hold) {
  EXPECT_EQ(refusal<std::vector<Rich>>("ddffffffff"), ErrorCode::truncated);
  EXPECT_EQ(refusal<std::vector<Rich>>("dd00000003c0c0"), ErrorCode::truncated);
  EXPECT_EQ((refusal<std::map<std::string, int>>("df7fffffffa16101")), ErrorCode::truncated);
  EXPECT_EQ(refusal<Moved>("dfffffffff"), ErrorCode::truncated);
}

TEST(Decoding, is_bounded_in_depth) {
  const auto nested = [](std::size_t depth) {
    Bytes bytes(depth, std::byte{0x91});
    bytes.push_back(std::byte{0xC0});
    return bytes;
  };
  EXPECT_TRUE(decode_payload<Value>(nested(64)));
  EXPECT_EQ(decode_payload<Value>(nested(65)).error().code, ErrorCode::too_deep);
  EXPECT_EQ(decode_payload<Value>(nested(1'000'000)).error().code, ErrorCode::too_deep);
  EXPECT_EQ(check_canonical(nested(65)).error().code, ErrorCode::too_deep);
  EXPECT_TRUE(check_canonical(nested(64)));
  std::string trees;
  for (int i = 0; i < 40; ++i) trees += "81a86368696c6472656e91";
  EXPECT_EQ(refusal<Tree>(trees + "80"), ErrorCode::too_deep);
}

TEST(Decoding, refuses_more_bytes_than_a_payload_has) {
  EXPECT_EQ(decode_payload<Bytes>(Bytes((16U << 20U) + 1)).error().code, ErrorCode::payload_too_large);
}

TEST(RichPayload, comes_back_equal_and_is_canonical) {
  Bytes bytes;
  ASSERT_TRUE(encode_payload(bytes, rich_example()));
  EXPECT_TRUE(check_canonical(bytes)) << check_canonical(bytes).error();
  const auto back = decode_payload<Rich>(bytes);
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(*back, rich_example());
}

// Witness: decoder_stays_in_bounds
TEST(RichPayload, is_refused_when_cut_at_any_byte) {
  Bytes bytes;
  ASSERT_TRUE(encode_payload(bytes, rich_example()));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));  // its own memory, for the sanitizer
    EXPECT_FALSE(decode_payload<Rich>(cut)) << size;
    EXPECT_FALSE(decode_payload<Value>(cut)) << size;
    EXPECT_EQ(check_canonical(cut).error().code, ErrorCode::truncated) << size;
  }
}

TEST(RichPayload, with_any_byte_changed_is_refused_or_canonical_again) {
  Bytes bytes;
  ASSERT_TRUE(encode_payload(bytes, rich_example()));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      Bytes changed = bytes;
      changed[at] ^= static_cast<std::byte>(change);
      const bool canonical = check_canonical(changed).has_value();
      const auto any = decode_payload<Value>(changed);
      ASSERT_TRUE(any || !canonical) << at << ' ' << change;
      if (any) {
        Bytes again;
        ASSERT_TRUE(encode_payload(again, *any)) << at << ' ' << change;
        ASSERT_EQ(again == changed, canonical) << at << ' ' << change;
        ASSERT_TRUE(check_canonical(again)) << at << ' ' << change;
      }
      if (const auto typed = decode_payload<Rich>(changed)) {
        Bytes again;
        ASSERT_TRUE(encode_payload(again, *typed)) << at << ' ' << change;
        ASSERT_TRUE(check_canonical(again)) << at << ' ' << change;
      }
    }
  }
}

ErrorCode canonical(std::string_view hex) {
  const auto checked = check_canonical(from_hex(hex));
  return checked ? ErrorCode{} : checked.error().code;
}

// Witness: canonical_one_form
TEST(CheckCanonical, refuses_every_longer_form) {
  for (const std::string_view hex : {"cc7f",
                                     "cd00ff",
                                     "ce0000ffff",
                                     "cf00000000ffffffff",
                                     "d000",
                                     "d07f",
                                     "d0e0",
                                     "d1ff80",
                                     "d10080",
                                     "d2ffff8000",
                                     "d3ffffffff80000000",
                                     "d30000000000000005",
                                     "d90161",
                                     "da000161",
                                     "db0000000161",
                                     "c5000101",
                                     "c60000000101",
                                     "dc0000",
                                     "dd00000000",
                                     "de0000",
                                     "df00000000",
                                     "c704ff00000000",
                                     "c708ff0000000400000000",
                                     "d7ff0000000000000001",
                                     "c70cff000000010000000000000000",
                                     "c80cff000000010000000400000000"}) {
    EXPECT_NE(canonical(hex), ErrorCode{}) << hex;
  }
}

// Witness: canonical_one_form
TEST(CheckCanonical, refuses_other_nans_and_other_orders) {
  EXPECT_EQ(canonical("ca7fc00001"), ErrorCode::malformed);
  EXPECT_EQ(canonical("caffc00000"), ErrorCode::malformed);
  EXPECT_EQ(canonical("cbfff8000000000000"), ErrorCode::malformed);
  EXPECT_EQ(canonical("cb7ff8000000000000"), ErrorCode{});
  EXPECT_EQ(canonical("82a16201a16102"), ErrorCode::malformed);
  EXPECT_EQ(canonical("82a1610105c0"), ErrorCode::malformed);
  EXPECT_EQ(canonical("8205c0a16101"), ErrorCode{});
  EXPECT_EQ(canonical("82ffc005c0"), ErrorCode::malformed);
  EXPECT_EQ(canonical("82a16101a16102"), ErrorCode::duplicate_key);
}

TEST(CheckCanonical, refuses_what_is_no_value) {
  EXPECT_EQ(canonical(""), ErrorCode::truncated);
  EXPECT_EQ(canonical("c1"), ErrorCode::malformed);
  EXPECT_EQ(canonical("c0c0"), ErrorCode::trailing_bytes);
  EXPECT_EQ(canonical("d40500"), ErrorCode::unsupported_type);
  EXPECT_EQ(canonical("c70305000000"), ErrorCode::unsupported_type);
  EXPECT_EQ(canonical("c705ff0000000000"), ErrorCode::malformed);
  EXPECT_EQ(canonical("81c0c0"), ErrorCode::unsupported_type);  // nil as a key
  EXPECT_EQ(canonical("a1ff"), ErrorCode::invalid_utf8);
}

}  // namespace
}  // namespace batpak::codec
