#include "batpak/reflect.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batpak/event_kind.hpp"

namespace batpak::reflect {

struct Moved {
  static constexpr EventType event_type{.category = 0xF, .type_id = 1};
  std::int32_t x;
  std::int32_t y;
};

struct Rich {
  std::uint64_t id;
  std::string name;
  std::vector<int> numbers;
  std::optional<double> ratio;
  Moved position;
  std::map<std::string, int> counts;
  bool on = true;
};

struct WithArray {
  int head;
  char tag[8];
  int tail;
};

struct MoveOnly {
  std::unique_ptr<int> owned;
  int other;
};

struct Empty {};

struct Private {
  int a;

 private:
  [[maybe_unused]] int b_;
};

struct Outer {
  struct Inner {
    int deep;
  };
  Inner inner;
  int z;
};

template <class T, int number = 0>
struct Holder {
  T held;
  int count;
};

struct Tree {
  std::string label;
  std::vector<Tree> children;
};

struct Größe {
  int länge;
};

#define BATPAK_TEN_FIELDS(x) int x##0, x##1, x##2, x##3, x##4, x##5, x##6, x##7, x##8, x##9;
struct SixtyFour {
  BATPAK_TEN_FIELDS(a)
  BATPAK_TEN_FIELDS(b)
  BATPAK_TEN_FIELDS(c) BATPAK_TEN_FIELDS(d) BATPAK_TEN_FIELDS(e) BATPAK_TEN_FIELDS(f) int g0, g1, g2, g3;
};
#undef BATPAK_TEN_FIELDS

namespace {

struct Hidden {
  int secret_count;
  std::string label;
};

TEST(Reflect, names_the_fields_in_declaration_order) {
  EXPECT_EQ((std::vector<std::string_view>(field_names<Rich>.begin(), field_names<Rich>.end())),
            (std::vector<std::string_view>{"id", "name", "numbers", "ratio", "position", "counts", "on"}));
  EXPECT_EQ(field_count<Empty>, 0U);
  EXPECT_EQ((field_name<Outer::Inner, 0>), "deep");
  EXPECT_EQ((field_name<Holder<std::string>, 0>), "held");
  EXPECT_EQ((field_name<Hidden, 0>), "secret_count");
  EXPECT_EQ((field_name<MoveOnly, 1>), "other");
  EXPECT_EQ((field_name<Größe, 0>), "länge");
}

TEST(Reflect, does_not_take_a_static_member_for_a_field) {
  EXPECT_EQ(field_count<Moved>, 2U);
  EXPECT_EQ((field_name<Moved, 0>), "x");
}

TEST(Reflect, counts_a_c_array_as_one_field) {
  EXPECT_EQ(field_count<WithArray>, 3U);
  EXPECT_EQ((field_name<WithArray, 2>), "tail");
}

TEST(Reflect, reaches_sixty_four_fields) {
  EXPECT_EQ(field_count<SixtyFour>, 64U);
  EXPECT_EQ((field_name<SixtyFour, 63>), "g3");
  SixtyFour object{};
  std::get<63>(tie(object)) = 7;
  EXPECT_EQ(object.g3, 7);
}

TEST(Reflect, knows_a_struct_that_holds_itself) {
  EXPECT_EQ(field_count<Tree>, 2U);
  EXPECT_EQ((field_name<Tree, 1>), "children");
}

TEST(Reflect, does_not_take_a_class_with_private_fields_for_an_aggregate) { EXPECT_FALSE(aggregate<Private>); }

TEST(Reflect, visits_the_fields_by_reference) {
  Moved moved{1, 2};
  for_each_field(moved, [](std::string_view name, int& field) { field += name == "x" ? 10 : 20; });
  EXPECT_EQ(moved.x, 11);
  EXPECT_EQ(moved.y, 22);
}

TEST(TypeName, is_the_name_of_the_struct_alone) {
  struct Local {
    int in_function;
  };
  EXPECT_EQ(type_name<Moved>(), "Moved");
  EXPECT_EQ(type_name<Outer::Inner>(), "Inner");
  EXPECT_EQ(type_name<Hidden>(), "Hidden");
  EXPECT_EQ((type_name<Holder<std::vector<Hidden>, (3 > 2)>>()), "Holder");
  EXPECT_EQ(type_name<Local>(), "Local");
  EXPECT_EQ((field_name<Local, 0>), "in_function");
  EXPECT_EQ(type_name<Größe>(), "Größe");
}

template <class T>
std::string_view name_of_local() {
  struct InTemplate {
    T value;
  };
  return type_name<InTemplate>();
}

TEST(TypeName, of_a_struct_inside_a_function_template) { EXPECT_EQ(name_of_local<std::vector<int>>(), "InTemplate"); }

}  // namespace
}  // namespace batpak::reflect
