#include "batpak/event_id.hpp"

#include <gtest/gtest.h>

namespace batpak {
namespace {

// The example of RFC 9562, appendix A.6.
constexpr std::string_view hyphened = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr std::string_view plain = "017f22e279b07cc398c4dc0c0c07398f";

TEST(event_id, is_read_in_both_forms_and_either_case) {
  for (const std::string_view text : {hyphened, plain, std::string_view("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")}) {
    const auto id = EventId::from_string(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(to_string(*id), hyphened);
  }
}

TEST(event_id, refuses_other_text) {
  for (const std::string_view text :
       {"", "017f22e2", "017f22e279b07cc398c4dc0c0c07398", "017f22e279b07cc398c4dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4dc0c0c07398f", "017f22e279b0-7cc3-98c4-dc0c0c07398f-", "{017f22e279b07cc398c4dc0c0c07398f}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398-", "017f22e2_79b0_7cc3_98c4_dc0c0c07398f"}) {
    const auto id = EventId::from_string(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, ErrorCode::malformed);
  }
}

TEST(correlation_id, is_printed_without_hyphens) {
  const auto id = CorrelationId::from_string(hyphened);
  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), plain);
  EXPECT_EQ(CorrelationId::from_string(plain).value(), *id);
}

}  // namespace
}  // namespace batpak
