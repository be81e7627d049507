// Heads are gathered while the writer adds streams and shows commits.
#include "interleave/machine.hpp"

namespace batpak::interleave {
namespace {

// Witness: declared_heads_are_the_logs
TEST(HeadsTest, are_those_of_the_size_that_they_name_beside_one_who_appends) {
  explore_on({.schedules_max = 4000, .seeds = 200}, [](Machine& machine) {
    Store store = machine.open();
    const auto append = [&] {
      for (const char* entity : {"a", "new", "a"}) must(store.append(at(entity), Moved{1, 7}));
    };
    const auto declare = [&] { must(store.declare_heads()); };
    together({append, declare});
    must(store.close());
    machine.require_clean();
  });
}

TEST(HeadsTest, are_declared_by_two_at_the_same_time) {
  explore_on({.schedules_max = 2000}, [](Machine& machine) {
    Store store = machine.open();
    const auto declare = [&] { must(store.declare_heads()); };
    together({declare, declare});
    must(store.close());
    machine.require_clean();
  });
}

}  // namespace
}  // namespace batpak::interleave
