#include "index/stable_array.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace batpak::index {
namespace {

TEST(StableArray, holds_what_was_added_in_order) {
  StableArray<std::uint64_t> array;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    EXPECT_EQ(array.size(), i);
    array.push_back(i * 7);
  }
  for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_EQ(array[i], i * 7);
}

TEST(StableArray, never_moves_an_element) {
  StableArray<int> array;
  std::vector<const int*> addresses;
  for (int i = 0; i < 20'000; ++i) {
    array.push_back(i);
    addresses.push_back(&array[static_cast<std::uint64_t>(i)]);
  }
  for (std::uint64_t i = 0; i < addresses.size(); ++i) ASSERT_EQ(&array[i], addresses[i]);
}

TEST(StableArray, is_read_by_others_below_a_published_size_while_it_grows) {
  constexpr std::uint64_t count = 50'000;
  StableArray<std::uint64_t> array;
  base::Atomic<std::uint64_t> published{0};
  std::uint64_t wrong = 0;
  base::Thread reader([&] {
    std::uint64_t size = 0;
    while (size < count) {
      size = published.load(std::memory_order_acquire);
      for (std::uint64_t at = size > 100 ? size - 100 : 0; at < size; ++at) wrong += array[at] == at + 1 ? 0 : 1;
    }
  });
  for (std::uint64_t i = 0; i < count; ++i) {
    array.push_back(i + 1);
    published.store(i + 1, std::memory_order_release);
  }
  reader.join();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace batpak::index
