#include "event/store_events.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/hex.hpp"

namespace batpak::event {
namespace {

template <class T>
std::string hex_of(const T& payload) {
  std::vector<std::byte> bytes;
  EXPECT_TRUE(encode_payload(bytes, payload));
  return base::to_hex(bytes);
}

std::string hex_text(std::string_view text) { return base::to_hex(std::as_bytes(std::span(text.data(), text.size()))); }
// A key of a MessagePack map, shorter than 32 bytes.
std::string key(std::string_view name) {
  const std::byte head = static_cast<std::byte>(0xA0 | name.size());
  return base::to_hex({&head, 1}) + hex_text(name);
}

TEST(store_events, a_genesis_has_these_bytes) {
  Genesis genesis;
  genesis.created = 1;
  genesis.origin = "o";
  genesis.store_id.fill(std::byte{0x5A});
  const std::string id = "c410" + base::to_hex(genesis.store_id);
  EXPECT_EQ(hex_of(genesis), "86" + key("created") + "01" + key("format") + "01" + key("key") + "c0" + key("origin") +
                                 "a16f" + key("recovery_key_hash") + "c0" + key("store_id") + id);
  genesis.key.emplace().fill(std::byte{0x4B});
  EXPECT_EQ(hex_of(genesis), "86" + key("created") + "01" + key("format") + "01" + key("key") + "c420" +
                                 base::to_hex(*genesis.key) + key("origin") + "a16f" + key("recovery_key_hash") + "c0" +
                                 key("store_id") + id);
}

TEST(store_events, a_type_declaration_has_these_bytes) {
  TypeDeclaration type;
  type.fields = {{.name = "x", .type = "i32"}};
  type.declares = 0xF001;
  type.name = "m";
  type.version = 2;
  EXPECT_EQ(hex_of(type), "84" + key("declares") + "cdf001" + key("fields") + "9182" + key("name") + "a178" + key("type") +
                              key("i32") + key("name") + "a16d" + key("version") + "02");
}

TEST(store_events, a_key_declaration_has_these_bytes) {
  KeyDeclaration declaration;
  declaration.key.fill(std::byte{0x4B});
  EXPECT_EQ(hex_of(declaration),
            "82" + key("key") + "c420" + base::to_hex(declaration.key) + key("recovery_key_hash") + "c0");
}

TEST(store_events, a_declaration_of_heads_has_these_bytes) {
  HeadsDeclaration declaration{.log_size = 300, .root = {}, .streams = 7};
  declaration.root.fill(std::byte{0x52});
  EXPECT_EQ(hex_of(declaration), "83" + key("log_size") + "cd012c" + key("root") + "c420" + base::to_hex(declaration.root) +
                                     key("streams") + "07");
}

TEST(store_events, a_salvage_record_has_these_bytes) {
  SalvageRecord record;
  record.events_lost = 3;
  record.lost = {{.first_sequence = 1, .next_sequence = 4, .reason = "r"}};
  record.source_origin = "o";
  EXPECT_EQ(hex_of(record), "84" + key("events_lost") + "03" + key("lost") + "9183" + key("first_sequence") + "01" +
                                key("next_sequence") + "04" + key("reason") + "a172" + key("source_origin") + "a16f" +
                                key("source_store_id") + "c410" + std::string(32, '0'));
}

template <class T>
void expect_one_form(const T& value) {
  Bytes payload;
  ASSERT_TRUE(encode_payload(payload, value));
  EXPECT_TRUE(read_store_event<T>(payload)) << T::kind_name;
  EXPECT_TRUE(check_store_event(T::kind, payload)) << T::kind_name;
  Bytes further = payload;
  further.front() = static_cast<std::byte>(std::to_integer<unsigned>(further.front()) + 1);
  base::append(further, base::as_bytes(std::string_view("\xA2zz\x01")));
  for (const Bytes& other : {further, Bytes{std::byte{0x80}}, Bytes{std::byte{3}}, Bytes{}}) {
    const auto checked = check_store_event(T::kind, other);
    ASSERT_FALSE(checked) << T::kind_name;
    EXPECT_EQ(checked.error().code, ErrorCode::damaged) << T::kind_name;
  }
}

TEST(store_events, have_one_form_each) {
  expect_one_form(Genesis{});
  expect_one_form(TypeDeclaration{.fields = {}, .declares = 0xF001, .name = "m"});
  expect_one_form(KeyDeclaration{});
  expect_one_form(SalvageRecord{});
  expect_one_form(HeadsDeclaration{});
  expect_one_form(KeyRotation{});
  expect_one_form(KeyRevocation{});
  expect_one_form(Restore{});
  EXPECT_EQ(check_store_event(EventKind(0x0, 0xFFF), Bytes{std::byte{0x80}}).error().code, ErrorCode::damaged);
}

TEST(store_events, declare_fields_in_the_order_of_their_names) {
  const auto holds = [](std::vector<TypeDeclaration::Field> fields) {
    return check_declaration({.fields = std::move(fields), .declares = 0xF001, .name = "m"}).has_value();
  };
  EXPECT_TRUE(holds({{.name = "Z", .type = "int"}, {.name = "a", .type = "int"}, {.name = "ab", .type = "int"}}));
  EXPECT_FALSE(holds({{.name = "b", .type = "int"}, {.name = "a", .type = "int"}}));
  EXPECT_FALSE(holds({{.name = "a", .type = "int"}, {.name = "a", .type = "int"}}));
  EXPECT_FALSE(check_declaration({.fields = {}, .declares = 0xF001, .name = ""}));
  EXPECT_FALSE(check_declaration({.fields = {}, .declares = 0xF001, .name = std::string(256, 'n')}));
  EXPECT_FALSE(check_declaration({.fields = {}, .declares = 0x0002, .name = "m"}));
}

TEST(store_events, kinds_are_the_stores_own_and_have_names) {
  EXPECT_EQ(store_event_name(Genesis::kind), "batpak.genesis");
  EXPECT_EQ(store_event_name(TypeDeclaration::kind), "batpak.type");
  EXPECT_EQ(store_event_name(KeyDeclaration::kind), "batpak.key");
  EXPECT_EQ(store_event_name(SalvageRecord::kind), "batpak.salvage");
  EXPECT_EQ(store_event_name(EventKind(0x0, 0xFFF)), "");
  EXPECT_EQ(store_event_name(EventKind(0x1, 0x001)), "");
  for (const EventKind kind : {Genesis::kind, TypeDeclaration::kind, KeyDeclaration::kind, SalvageRecord::kind}) {
    EXPECT_TRUE(kind.is_system());
  }
}

}  // namespace
}  // namespace batpak::event
