#include "engine/signer.hpp"

#include <gtest/gtest.h>

namespace batpak::engine {
namespace {

std::shared_ptr<const SigningKey> key() {
  static const auto made = std::make_shared<const SigningKey>(SigningKey::generate().value());
  return made;
}

Checkpoint checkpoint_of(std::uint64_t size) { return {.origin = "example.com/log", .size = size, .root = {}}; }

class SignerTest : public testing::TestWithParam<SignerThread> {
 protected:
  Signer signer_{key(), GetParam()};
};

TEST_P(SignerTest, gives_the_note_of_the_checkpoint_it_was_started_with) {
  for (std::uint64_t size = 1; size < 50; ++size) {
    signer_.start(checkpoint_of(size));
    const CheckpointNote note = signer_.finish();
    EXPECT_EQ(note.checkpoint, checkpoint_of(size));
    EXPECT_EQ(note.text, note_body(note.checkpoint));
    EXPECT_TRUE(verify_note(note, key()->public_key()));
  }
}

// Witness: signature_only_after_sync
TEST_P(SignerTest, what_was_dropped_is_gone) {
  signer_.start(checkpoint_of(1));
  signer_.drop();
}

// Witness: signature_only_after_sync
TEST_P(SignerTest, what_was_dropped_while_it_was_signed_is_not_given_for_what_came_next) {
  // Later and later, so that some of them are dropped in the middle of the signing.
  base::Atomic<std::uint64_t> turns{0};
  for (std::uint64_t round = 1; round <= 400; ++round) {
    signer_.start(checkpoint_of(2 * round));
    for (std::uint64_t turn = 0; turn < 200 * round; ++turn) turns.fetch_add(1, std::memory_order_relaxed);
    signer_.drop();
    signer_.start(checkpoint_of(2 * round + 1));
    EXPECT_EQ(signer_.finish().checkpoint.size, 2 * round + 1);
  }
}

TEST_P(SignerTest, may_go_with_a_signature_under_way) { signer_.start(checkpoint_of(1)); }

INSTANTIATE_TEST_SUITE_P(with_and_without_a_thread, SignerTest, testing::Values(SignerThread::own, SignerThread::none));

}  // namespace
}  // namespace batpak::engine
