#include "batpak/field_types.hpp"

#include <gtest/gtest.h>

#include "codec/rich_payload.hpp"

namespace batpak::codec {
namespace {

struct Forest {
  std::vector<Tree> trees;
};

struct Chain {
  std::vector<Chain> next;
  std::map<std::string, Point> points;
};

TEST(FieldList, describes_every_type_in_the_order_of_the_wire) {
  const std::vector<FieldDescription> expected{
      {"any", "any"},
      {"at", "time"},
      {"blob", "bytes"},
      {"by_name", "map<string,i32>"},
      {"by_number", "map<i32,string>"},
      {"choice", "variant<nil,i32,{x:i32,y:i32}>"},
      {"colour", "enum<u8>"},
      {"f32", "f32"},
      {"f64", "f64"},
      {"flags", "list<bool>"},
      {"grid", "array<array<i32,2>,2>"},
      {"i16", "i16"},
      {"i32", "i32"},
      {"i64", "i64"},
      {"i8", "i8"},
      {"maybe", "optional<i32>"},
      {"names", "list<string>"},
      {"nowhere", "optional<{x:i32,y:i32}>"},
      {"on", "bool"},
      {"point", "{x:i32,y:i32}"},
      {"second", "time"},
      {"tag", "bytes<4>"},
      {"text", "string"},
      {"took", "duration<1/1000>"},
      {"tree", "{children:list<^0>,label:string}"},
      {"triple", "array<i16,3>"},
      {"u16", "u16"},
      {"u32", "u32"},
      {"u64", "u64"},
      {"u8", "u8"},
      {"unordered", "map<string,f64>"},
      {"warmth", "string"},
  };
  const auto& fields = field_list<Rich>();
  ASSERT_EQ(fields.size(), expected.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(fields[i].name, expected[i].name);
    EXPECT_EQ(fields[i].type, expected[i].type) << fields[i].name;
  }
}

TEST(FieldList, counts_braces_to_the_struct_that_is_meant) {
  EXPECT_EQ(field_list<Forest>().at(0).type, "list<{children:list<^0>,label:string}>");
  EXPECT_EQ(field_list<Chain>().at(0).type, "list<^0>");  // the payload itself is the outermost brace
}

TEST(FieldList, of_a_payload_that_is_no_struct_is_one_field_without_a_name) {
  EXPECT_EQ(field_list<std::vector<int>>(), (std::vector<FieldDescription>{{"", "list<i32>"}}));
  EXPECT_EQ(field_list<Value>(), (std::vector<FieldDescription>{{"", "any"}}));
}

TEST(FieldList, is_computed_once) { EXPECT_EQ(&field_list<Rich>(), &field_list<Rich>()); }

}  // namespace
}  // namespace batpak::codec
