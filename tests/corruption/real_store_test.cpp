// Verify on what a store really wrote.
#include <gtest/gtest.h>

#include "store/test_store.hpp"

namespace batpak::test {
namespace {

void write_some(Store& store, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    static_cast<void>(must(store.append(at("player:" + std::to_string(i % 5)), Moved{.x = i, .y = -i},
                                        {.metadata = {{"round", Value(std::int64_t{i})}}})));
    Batch batch;
    for (int j = 0; j < 40; ++j) {
      must(batch.add(at("chat:" + std::to_string(j % 3)), Said{std::string(200, static_cast<char>('a' + i % 26))}));
    }
    static_cast<void>(must(store.append_batch(std::move(batch))));
  }
}

TEST(RealStore, is_clean_while_open_and_after_closing) {
  SimMachine machine;
  Store store = machine.open();
  write_some(store, 60);
  EXPECT_EQ(findings(machine.verify()), "");
  must(store.close());
  const VerifyReport report = machine.verify();
  EXPECT_EQ(findings(report), "");
  EXPECT_GT(report.segments, 3U);
  EXPECT_EQ(report.tail, TailState::clean);
}

TEST(RealStore, with_every_event_signed_is_clean) {
  SimMachine machine;
  OpenOptions options = machine.options();
  options.key = new_key();
  options.signing = SigningPolicy::each_event;
  Store store = SimMachine::open(options);
  write_some(store, 10);
  must(store.close());
  const VerifyReport report = machine.verify(options.key->public_key());
  EXPECT_EQ(findings(report), "");
  EXPECT_EQ(report.event_signatures_verified, report.events - 1);  // the genesis comes before the key
  EXPECT_GT(report.checkpoints_verified, 20U);
  EXPECT_EQ(report.events_not_yet_signed, 0U);
}

TEST(RealStore, after_a_crash_has_at_most_an_unfinished_end_and_none_after_reopening) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SimMachine machine;
    Store store = machine.open();
    write_some(store, static_cast<int>(seed * 3));
    machine.files.crash(platform::SimCrash::from_seed(seed));
    for (const Finding& finding : machine.verify().findings) {
      EXPECT_TRUE(finding.law == Law::unfinished || finding.law == Law::stray_file || finding.law == Law::segment_seal)
          << seed << " " << to_string(finding.law) << ": " << finding.message;
    }
    Store again = machine.open();
    must(again.close());
    EXPECT_EQ(findings(machine.verify()), "") << seed;
  }
}

TEST(RealStore, has_each_of_several_flipped_bytes_named) {
  SimMachine machine;
  Store store = machine.open();
  write_some(store, 40);
  must(store.close());
  for (const auto& [path, bytes] : machine.truth()) {
    for (std::size_t offset = 11; offset < bytes.size(); offset += 9973) {
      must(machine.files.flip_bit(path, offset, 3));
      const VerifyReport report = machine.verify();
      must(machine.files.flip_bit(path, offset, 3));
      ASSERT_FALSE(report.clean()) << path << " " << offset;
      EXPECT_LE(report.findings.size(), 2U) << findings(report);
      EXPECT_TRUE(std::ranges::any_of(
          report.findings,
          [&, &p = path](const Finding& finding) { return p.ends_with(finding.path) && finding.offset == offset; }))
          << path << " " << offset << "\n"
          << findings(report);
    }
  }
}

}  // namespace
}  // namespace batpak::test
