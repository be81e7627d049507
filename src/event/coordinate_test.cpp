#include "batpak/coordinate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace batpak {
namespace {

void expect_refused(std::string_view part) {
  for (const auto& result : {Coordinate::make(part, "scope"), Coordinate::make("entity", part)}) {
    ASSERT_FALSE(result) << part;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_coordinate);
  }
}

TEST(coordinate, keeps_its_parts) {
  const auto where = Coordinate::make("player:alice", "room:dungeon");
  ASSERT_TRUE(where);
  EXPECT_EQ(where->entity(), "player:alice");
  EXPECT_EQ(where->scope(), "room:dungeon");
}

TEST(coordinate, accepts_1_to_1024_bytes_of_any_script) {
  for (const std::string& part : {std::string("x"), std::string(1024, 'x'), std::string("Grüße an 世界 \U0001F600")}) {
    EXPECT_TRUE(Coordinate::make(part, part)) << part;
  }
}

TEST(coordinate, refuses_empty_and_oversized_parts) {
  expect_refused("");
  expect_refused(std::string(1025, 'x'));
}

TEST(coordinate, refuses_what_is_not_utf8) {
  for (const std::string_view part : {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) expect_refused(part);
}

TEST(coordinate, refuses_control_characters) {
  for (const std::string& part : {std::string("a\nb"), std::string("a\0b", 3), std::string("\x1F"), std::string("\x7F"),
                                  std::string("\xC2\x80"), std::string("x\xC2\x9F")}) {
    expect_refused(part);
  }
  EXPECT_TRUE(Coordinate::make("\xC2\xA0", "\x20"));
}

TEST(coordinate, refuses_the_entities_of_the_store_but_not_such_scopes) {
  for (const std::string_view entity : {"$batpak/", "$batpak/keys"}) {
    const auto result = Coordinate::make(entity, "scope");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::reserved_entity);
  }
  EXPECT_TRUE(Coordinate::make("$batpak", "scope"));
  EXPECT_TRUE(Coordinate::make("entity", "$batpak/keys"));
}

}  // namespace
}  // namespace batpak
