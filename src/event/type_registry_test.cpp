#include "event/type_registry.hpp"

#include <gtest/gtest.h>

namespace batpak::event {
namespace {

DeclaredType type_of(EventKind kind, std::string name, std::uint16_t version = 1,
                     std::vector<DeclaredType::Field> fields = {}) {
  return {.kind = kind.value(), .version = version, .name = std::move(name), .fields = std::move(fields), .sequence = 0};
}

TypeRequest request_of(EventKind kind, std::string_view name, std::uint16_t version = 1,
                       std::span<const FieldDescription> fields = {}) {
  return {.category = kind.category(), .type_id = kind.type_id(), .version = version, .name = name, .fields = fields};
}

TypeRequest name_only(std::string_view name) {
  return {.category = 0, .type_id = 0, .version = 1, .name = name, .fields = {}};
}

constexpr EventKind moved{0xF, 0x001};

TEST(type_registry, an_unknown_type_is_answered_with_its_own_kind) {
  const TypeRegistry types;
  const auto answer = types.ask(request_of(moved, "moved"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->kind, moved);
  EXPECT_FALSE(answer->declared);
  EXPECT_EQ(types.name_of(moved), "");
  EXPECT_EQ(types.kind_named("moved"), std::nullopt);
}

TEST(type_registry, a_kind_has_one_name_and_a_name_one_kind) {
  TypeRegistry types;
  types.add(type_of(moved, "moved"));
  EXPECT_TRUE(types.ask(request_of(moved, "moved"))->declared);
  EXPECT_EQ(types.ask(request_of(moved, "jumped")).error().code, ErrorCode::kind_collision);
  EXPECT_EQ(types.ask(request_of({0xF, 0x002}, "moved")).error().code, ErrorCode::kind_collision);
  EXPECT_EQ(types.ask(request_of({0x2, 0x001}, "moved")).error().code, ErrorCode::kind_collision);
  EXPECT_TRUE(types.ask(request_of({0xF, 0x002}, "jumped")));
}

TEST(type_registry, a_name_alone_finds_the_kind_it_has) {
  TypeRegistry types;
  types.add(type_of(moved, "moved", 2, {{.name = "x", .type = "i32"}}));
  const auto answer = types.ask(name_only("moved"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->kind, moved);
  EXPECT_FALSE(answer->declared);  // version 1 is not
  types.add(type_of(moved, "moved", 1, {{.name = "x", .type = "i32"}}));
  EXPECT_TRUE(types.ask(name_only("moved"))->declared);  // whatever its fields are
}

TEST(type_registry, a_kind_that_was_assigned_cannot_be_claimed_by_number) {
  TypeRegistry types;
  const EventKind assigned = types.ask(name_only("paid"))->kind;
  types.add(type_of(assigned, "paid"));
  EXPECT_EQ(types.ask(request_of(moved, "paid")).error().code, ErrorCode::kind_collision);
}

TEST(type_registry, versions_and_field_lists_are_declared_each_by_itself) {
  TypeRegistry types;
  const std::vector<FieldDescription> fields{{.name = "x", .type = "i32"}, {.name = "y", .type = "i32"}};
  const std::vector<FieldDescription> other_type{{.name = "x", .type = "i32"}, {.name = "y", .type = "i64"}};
  const std::vector<FieldDescription> other_name{{.name = "x", .type = "i32"}, {.name = "z", .type = "i32"}};
  types.add(type_of(moved, "moved", 1, {{.name = "x", .type = "i32"}, {.name = "y", .type = "i32"}}));
  EXPECT_TRUE(types.ask(request_of(moved, "moved", 1, fields))->declared);
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 2, fields))->declared);
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 1, other_type))->declared);
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 1, other_name))->declared);
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 1, std::span(fields).first(1)))->declared);
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 1))->declared);
  types.add(type_of(moved, "moved", 2, {{.name = "x", .type = "i32"}, {.name = "y", .type = "i32"}}));
  EXPECT_TRUE(types.ask(request_of(moved, "moved", 2, fields))->declared);
  EXPECT_TRUE(types.ask(request_of(moved, "moved", 1, fields))->declared);
  EXPECT_EQ(types.size(), 2U);
  EXPECT_EQ(types.list().at(1).version, 2);
}

TEST(type_registry, names_get_the_free_ids_of_category_1_until_there_are_none) {
  TypeRegistry types;
  for (unsigned id = 0; id <= EventKind::type_id_max; ++id) {
    const std::string name = "name " + std::to_string(id);
    const auto answer = types.ask(name_only(name));
    ASSERT_TRUE(answer) << answer.error();
    ASSERT_EQ(answer->kind, EventKind(0x1, static_cast<std::uint16_t>(id)));
    types.add(type_of(answer->kind, name));
  }
  EXPECT_EQ(types.ask(name_only("one more")).error().code, ErrorCode::kinds_exhausted);
  EXPECT_EQ(types.ask(name_only("name 4095"))->kind, EventKind(0x1, 0xFFF));  // those that are declared go on
  EXPECT_TRUE(types.ask(request_of(moved, "moved")));
  types.shrink(4095);
  EXPECT_EQ(types.ask(name_only("one more"))->kind, EventKind(0x1, 0xFFF));
}

TEST(type_registry, ids_that_a_log_took_out_of_order_are_passed_over) {
  TypeRegistry types;
  types.add(type_of({0x1, 1}, "b"));
  EXPECT_EQ(types.ask(name_only("x"))->kind, EventKind(0x1, 0));
  types.add(type_of({0x1, 0}, "a"));
  EXPECT_EQ(types.ask(name_only("x"))->kind, EventKind(0x1, 2));
  types.add(type_of({0x1, 2}, "x"));
  EXPECT_EQ(types.ask(name_only("y"))->kind, EventKind(0x1, 3));
}

TEST(type_registry, shrinking_forgets_the_last_ones_alone) {
  TypeRegistry types;
  types.add(type_of(moved, "moved"));
  const std::string_view name = types.name_of(moved);
  types.add(type_of({0x1, 0}, "paid"));
  types.add(type_of(moved, "moved", 2));
  types.shrink(1);
  EXPECT_EQ(types.size(), 1U);
  EXPECT_EQ(types.name_of({0x1, 0}), "");
  EXPECT_EQ(types.kind_named("paid"), std::nullopt);
  EXPECT_EQ(types.ask(name_only("other"))->kind, EventKind(0x1, 0));
  EXPECT_FALSE(types.ask(request_of(moved, "moved", 2))->declared);
  EXPECT_TRUE(types.ask(request_of(moved, "moved"))->declared);
  EXPECT_EQ(types.name_of(moved).data(), name.data());  // a name given out stays where it is
  types.shrink(5);
  EXPECT_EQ(types.size(), 1U);
}

TEST(type_registry, a_declaration_comes_back_as_the_type_it_declares) {
  const DeclaredType type = type_of(moved, "moved", 3, {{.name = "x", .type = "optional<i32>"}});
  const TypeDeclaration declaration = declaration_of(type);
  std::vector<std::byte> bytes;
  ASSERT_TRUE(encode_payload(bytes, declaration));
  const DeclaredType again = declared_type(decode_payload<TypeDeclaration>(bytes).value(), 42);
  EXPECT_EQ(again.kind, type.kind);
  EXPECT_EQ(again.version, 3);
  EXPECT_EQ(again.name, "moved");
  ASSERT_EQ(again.fields.size(), 1U);
  EXPECT_EQ(again.fields.front().name, "x");
  EXPECT_EQ(again.fields.front().type, "optional<i32>");
  EXPECT_EQ(again.sequence, 42U);
}

TEST(event_name, is_short_clean_and_not_the_stores_own) {
  EXPECT_TRUE(detail::check_event_name("n"));
  EXPECT_TRUE(detail::check_event_name("größe geändert"));
  EXPECT_TRUE(detail::check_event_name(std::string(255, 'n')));
  EXPECT_TRUE(detail::check_event_name("batpak"));
  EXPECT_TRUE(detail::check_event_name("1:0000"));
  EXPECT_TRUE(detail::check_event_name("1:00g"));
  EXPECT_TRUE(detail::check_event_name("order paid"));
  for (const std::string_view number : {"1:000", "0:005", "F:fff", "a:B0c"}) {
    EXPECT_EQ(detail::check_event_name(number).error().code, ErrorCode::invalid_name) << number;
  }
  for (const std::string_view spaced : {" order.paid", "order.paid ", " "}) {
    EXPECT_EQ(detail::check_event_name(spaced).error().code, ErrorCode::invalid_name) << spaced;
  }
  for (const std::string& name : {std::string(), std::string(256, 'n'), std::string("a\nb"), std::string("a\0b", 3),
                                  std::string("\xFF"), std::string("\xC2\x85"), std::string("batpak.type")}) {
    EXPECT_EQ(detail::check_event_name(name).error().code, ErrorCode::invalid_name) << name;
  }
}

}  // namespace
}  // namespace batpak::event
