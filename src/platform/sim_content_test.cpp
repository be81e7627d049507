#include "platform/sim_content.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace batpak::platform {
namespace {

constexpr std::uint64_t sector = SimContent::sector_bytes;

Bytes filled(std::uint64_t size, char with) { return Bytes(size, static_cast<std::byte>(with)); }

// `size` durable bytes of 'a'.
SimContent durable_content(std::uint64_t size) {
  SimContent content;
  content.write(0, filled(size, 'a'));
  content.sync(SimContent::Sync::all);
  return content;
}

SimContent after_crash(const SimContent& content, const SimCrash& crash) {
  SimContent left(content);
  SimRandom random(crash.seed);
  left.crash(crash, random);
  return left;
}

Bytes left_by(const SimContent& content, const SimCrash& crash) { return after_crash(content, crash).bytes(); }

TEST(SimContent, what_was_written_is_seen_at_once_and_durable_only_after_a_sync) {
  SimContent content = durable_content(3);
  content.write(1, filled(1, 'b'));
  EXPECT_EQ(base::as_text(content.bytes()), "aba");
  EXPECT_EQ(base::as_text(left_by(content, SimCrash::losing_everything())), "aaa");
  EXPECT_EQ(base::as_text(left_by(content, SimCrash::keeping_everything())), "aba");
  content.sync(SimContent::Sync::data);
  EXPECT_EQ(base::as_text(left_by(content, SimCrash::losing_everything())), "aba");
}

TEST(SimContent, each_unsynced_sector_survives_or_not_by_itself) {
  SimContent content = durable_content(2 * sector);
  content.write(0, filled(2 * sector, 'b'));
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const Bytes left = left_by(content, {.seed = seed, .sectors = SimCrash::Sectors::any});
    const std::string text(base::as_text(left));
    for (const std::uint64_t at : {std::uint64_t{0}, sector}) {
      EXPECT_EQ(text.substr(at, sector), std::string(sector, text[at]));
    }
    outcomes.insert({text[0], text[sector]});
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"aa", "ab", "ba", "bb"}));
}

TEST(SimContent, a_torn_sector_mixes_old_and_new_bytes_and_harms_none_that_were_not_rewritten) {
  SimContent content = durable_content(sector);
  content.write(100, filled(200, 'b'));
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const std::string text(base::as_text(left_by(content, SimCrash::from_seed(seed))));
    EXPECT_EQ(text.find_first_not_of("ab"), std::string::npos);
    EXPECT_EQ(text.substr(0, 100), std::string(100, 'a'));
    EXPECT_EQ(text.substr(300), std::string(sector - 300, 'a'));
    const auto news = std::ranges::count(text, 'b');
    if (news > 0 && news < 200) ++mixed;
  }
  EXPECT_GT(mixed, 5);
}

TEST(SimContent, an_unsynced_extension_may_be_lost_or_be_there_as_zeros) {
  SimContent content = durable_content(sector);
  content.write(sector, filled(sector, 'b'));
  EXPECT_EQ(left_by(content, {.sectors = SimCrash::Sectors::kept, .sizes = SimCrash::Order::lost}).size(), sector);
  const Bytes zero_filled = left_by(content, {.sectors = SimCrash::Sectors::lost, .sizes = SimCrash::Order::kept});
  ASSERT_EQ(zero_filled.size(), 2 * sector);
  EXPECT_TRUE(base::all_zero(ByteView(zero_filled).subspan(sector)));
}

TEST(SimContent, bytes_that_reached_the_device_behind_a_lost_extension_do_not_come_back_when_the_file_grows_again) {
  SimContent content = durable_content(10);
  content.write(10, filled(2 * sector, 'b'));
  SimContent left = after_crash(content, {.sectors = SimCrash::Sectors::kept, .sizes = SimCrash::Order::lost});
  left.resize(2 * sector);
  EXPECT_TRUE(base::all_zero(ByteView(left.bytes()).subspan(10)));
  left.sync(SimContent::Sync::all);
  EXPECT_TRUE(base::all_zero(ByteView(left_by(left, SimCrash::losing_everything())).subspan(10)));
}

TEST(SimContent, a_cut_is_durable_after_a_full_sync_only) {
  SimContent content = durable_content(3 * sector);
  content.resize(sector);
  EXPECT_EQ(left_by(content, SimCrash::losing_everything()), filled(3 * sector, 'a'));
  EXPECT_EQ(left_by(content, SimCrash::keeping_everything()), filled(sector, 'a'));
  content.sync(SimContent::Sync::data);
  EXPECT_EQ(left_by(content, SimCrash::losing_everything()), filled(3 * sector, 'a'));
  content.sync(SimContent::Sync::all);
  EXPECT_EQ(left_by(content, SimCrash::losing_everything()), filled(sector, 'a'));
}

TEST(SimContent, what_is_written_behind_a_cut_is_durable_after_a_sync_of_either_kind) {
  for (const auto kind : {SimContent::Sync::data, SimContent::Sync::all}) {
    for (const std::uint64_t grown : {2 * sector, 3 * sector, 4 * sector}) {
      SimContent content = durable_content(3 * sector);
      content.resize(sector / 2);
      content.write(grown - 1, filled(1, 'b'));
      content.sync(kind);
      const Bytes seen = content.bytes();
      const Bytes left = left_by(content, SimCrash::losing_everything());
      ASSERT_GE(left.size(), seen.size());
      EXPECT_TRUE(std::ranges::equal(seen, std::span(left).first(seen.size()))) << grown;
      EXPECT_EQ(left_by(content, SimCrash::keeping_everything()), seen) << grown;
    }
  }
}

TEST(SimContent, a_failed_sync_leaves_bytes_that_read_as_written_until_a_crash_and_that_no_later_sync_saves) {
  SimContent content = durable_content(sector);
  content.write(0, filled(sector, 'b'));
  content.fail_sync(std::nullopt);
  EXPECT_EQ(content.bytes(), filled(sector, 'b'));
  content.sync(SimContent::Sync::all);
  EXPECT_EQ(content.bytes(), filled(sector, 'b'));
  EXPECT_EQ(left_by(content, SimCrash::keeping_everything()), filled(sector, 'a'));
}

TEST(SimContent, rewriting_what_a_failed_sync_left_behind_makes_the_next_sync_save_it) {
  SimContent content = durable_content(sector);
  content.write(0, filled(sector, 'b'));
  content.fail_sync(std::nullopt);
  content.write(0, content.bytes());
  content.sync(SimContent::Sync::data);
  EXPECT_EQ(left_by(content, SimCrash::losing_everything()), filled(sector, 'b'));
}

TEST(SimContent, a_failed_sync_may_have_taken_some_sectors_to_the_device) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    SimContent content = durable_content(2 * sector);
    content.write(0, filled(2 * sector, 'b'));
    content.fail_sync(seed);
    EXPECT_EQ(content.bytes(), filled(2 * sector, 'b'));
    const std::string text(base::as_text(left_by(content, SimCrash::keeping_everything())));
    outcomes.insert({text[0], text[sector]});
  }
  EXPECT_EQ(outcomes.size(), 4U);
}

TEST(SimContent, eviction_brings_back_what_a_failed_sync_lost_and_nothing_else) {
  SimContent content = durable_content(2 * sector);
  content.write(0, filled(sector, 'b'));
  content.fail_sync(std::nullopt);
  content.write(sector, filled(sector, 'c'));
  content.evict();
  const std::string text(base::as_text(content.bytes()));
  EXPECT_EQ(text, std::string(sector, 'a') + std::string(sector, 'c'));
}

TEST(SimContent, a_write_back_makes_some_sectors_durable_and_changes_nothing_that_is_seen) {
  SimContent content = durable_content(sector);
  content.write(0, filled(8 * sector, 'b'));
  SimRandom random(1);
  content.write_back(random);
  EXPECT_EQ(content.bytes(), filled(8 * sector, 'b'));
  const std::string text(base::as_text(left_by(content, SimCrash::losing_everything())));
  EXPECT_NE(text.find('b'), std::string::npos);
  EXPECT_NE(text.find_first_not_of('b'), std::string::npos);
  content.sync(SimContent::Sync::data);
  EXPECT_EQ(left_by(content, SimCrash::losing_everything()), filled(8 * sector, 'b'));
}

TEST(SimContent, every_mapping_shows_later_writes_however_much_the_file_grows) {
  SimContent content = durable_content(10);
  const auto small = content.map(4096);
  const auto empty = content.map(0);
  content.write(100, filled(1, 'b'));
  const auto large = content.map(1U << 20);
  content.write(2 << 20, filled(1, 'c'));
  content.write(200, filled(1, 'd'));
  content.write(4090, filled(10, 'e'));
  for (const auto& mapping : {small, large}) {
    EXPECT_EQ(mapping->bytes()[0], std::byte{'a'});
    EXPECT_EQ(mapping->bytes()[100], std::byte{'b'});
    EXPECT_EQ(mapping->bytes()[200], std::byte{'d'});
    EXPECT_EQ(mapping->bytes()[4095], std::byte{'e'});
  }
  EXPECT_TRUE(empty->bytes().empty());
  content.resize(150);
  EXPECT_EQ(small->bytes()[200], std::byte{0});
}

TEST(SimContent, a_flipped_bit_is_flipped_on_the_device_and_in_the_cache) {
  SimContent content = durable_content(sector);
  content.flip_bit(7, 1);
  EXPECT_EQ(content.bytes()[7], std::byte{'a' ^ 2});
  EXPECT_EQ(left_by(content, SimCrash::losing_everything())[7], std::byte{'a' ^ 2});
}

TEST(SimContent, a_spoiled_sector_is_unreadable_until_it_is_written) {
  SimContent content = durable_content(4 * sector);
  content.spoil(2 * sector + 5);
  EXPECT_EQ(content.find_unreadable(0, 4 * sector), 2 * sector);
  EXPECT_EQ(content.find_unreadable(2 * sector + 9, 1), 2 * sector + 9);
  EXPECT_EQ(content.find_unreadable(0, 2 * sector), std::nullopt);
  EXPECT_EQ(content.find_unreadable(3 * sector, sector), std::nullopt);
  content.write(2 * sector, filled(sector, 'b'));
  EXPECT_EQ(content.find_unreadable(0, 4 * sector), std::nullopt);
}

// Against a plain string: whatever is done, a sync makes what is seen survive, and a crash leaves nothing that was never there.
TEST(SimContent, random_use_keeps_its_promises) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimRandom random(seed);
    SimContent content;
    std::string seen;
    for (std::uint64_t step = 0; step < 60; ++step) {
      const std::uint64_t offset = random.below(3 * sector);
      switch (random.below(6)) {
        case 0:
        case 1: {
          const Bytes bytes = filled(1 + random.below(sector), static_cast<char>('a' + random.below(26)));
          content.write(offset, bytes);
          if (seen.size() < offset + bytes.size()) seen.resize(offset + bytes.size());
          seen.replace(offset, bytes.size(), base::as_text(bytes));
          break;
        }
        case 2:
          content.resize(offset);
          seen.resize(offset);
          break;
        case 3:
          content.sync(SimContent::Sync::all);
          ASSERT_EQ(base::as_text(left_by(content, SimCrash::from_seed(step))), seen) << seed << ' ' << step;
          break;
        case 4: {
          content.sync(SimContent::Sync::data);
          const Bytes left = left_by(content, SimCrash::losing_everything());
          ASSERT_GE(left.size(), seen.size());
          ASSERT_EQ(base::as_text(ByteView(left).first(seen.size())), seen) << seed << ' ' << step;
          break;
        }
        case 5: content.write_back(random); break;
      }
      ASSERT_EQ(base::as_text(content.bytes()), seen) << seed << ' ' << step;
    }
  }
}

}  // namespace
}  // namespace batpak::platform
