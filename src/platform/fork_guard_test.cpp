#include "platform/fork_guard.hpp"

#include <gtest/gtest.h>

#include "platform/child_process.hpp"

namespace batpak::platform {
namespace {

TEST(ForkGuard, a_child_and_its_child_see_other_generations_and_the_parent_stays) {
  const std::uint64_t parent = fork_generation();
  EXPECT_EQ(exit_status_of_child([&] {
              const std::uint64_t child = fork_generation();
              if (child == parent || child != fork_generation()) return 1;
              return exit_status_of_child([&] {
                const std::uint64_t grandchild = fork_generation();
                return grandchild != child && grandchild != parent ? 0 : 2;
              });
            }),
            0);
  EXPECT_EQ(fork_generation(), parent);
}

}  // namespace
}  // namespace batpak::platform
