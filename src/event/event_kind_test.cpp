#include "batpak/event_kind.hpp"

#include <gtest/gtest.h>

namespace batpak {
namespace {

TEST(event_kind, is_printed_as_category_and_type_id) {
  EXPECT_EQ(to_string(EventKind(0xF, 1)), "f:001");
  EXPECT_EQ(to_string(EventKind(0x0, 0xABC)), "0:abc");
  EXPECT_EQ(to_string(EventKind::from_value(0x1FFF)), "1:fff");
}

}  // namespace
}  // namespace batpak
