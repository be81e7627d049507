#include "engine/checkpoint_signer.hpp"

#include <gtest/gtest.h>

#include "base/try.hpp"
#include "batpak/signing_key.hpp"

namespace batpak::engine {
namespace {

std::shared_ptr<const SigningKey> key() {
  static const auto made = std::make_shared<const SigningKey>(SigningKey::generate().value());
  return made;
}

Checkpoint checkpoint_of(std::uint64_t size) { return {.origin = "example.com/log", .size = size, .root = {}}; }

class CheckpointSignerTest : public testing::TestWithParam<SignerThread> {
 protected:
  CheckpointSigner signer_{GetParam()};
};

TEST_P(CheckpointSignerTest, gives_the_note_of_the_checkpoint_it_was_started_with) {
  for (std::uint64_t size = 1; size < 50; ++size) {
    signer_.start(checkpoint_of(size), {key()});
    const CheckpointNote note = signer_.finish().value();
    EXPECT_EQ(note.checkpoint, checkpoint_of(size));
    EXPECT_EQ(note.text, note_body(note.checkpoint));
    EXPECT_TRUE(verify_note(note, key()->public_key()));
  }
}

// Witness: signature_only_after_sync
TEST_P(CheckpointSignerTest, what_was_dropped_is_gone) {
  signer_.start(checkpoint_of(1), {key()});
  signer_.drop();
}

// Witness: signature_only_after_sync
TEST_P(CheckpointSignerTest, what_was_dropped_while_it_was_signed_is_not_given_for_what_came_next) {
  // Later and later, so that some of them are dropped in the middle of the signing.
  base::Atomic<std::uint64_t> turns{0};
  for (std::uint64_t round = 1; round <= 400; ++round) {
    signer_.start(checkpoint_of(2 * round), {key()});
    for (std::uint64_t turn = 0; turn < 200 * round; ++turn) turns.fetch_add(1, std::memory_order_relaxed);
    signer_.drop();
    signer_.start(checkpoint_of(2 * round + 1), {key()});
    EXPECT_EQ(signer_.finish().value().checkpoint.size, 2 * round + 1);
  }
}

TEST_P(CheckpointSignerTest, may_go_with_a_signature_under_way) { signer_.start(checkpoint_of(1), {key()}); }

// Signs nothing, or something else.
class BadSigner final : public Signer {
 public:
  enum class Does : std::uint8_t { fails, lies };
  explicit BadSigner(Does what) : does_(what) {}
  const PublicKey& public_key() const noexcept override { return key()->public_key(); }
  Result<Signature> signature_of(std::span<const std::byte>) const override {
    if (does_ == Does::lies) return key()->sign(std::as_bytes(std::span("something else")));
    return base::fail(ErrorCode::io_error, "the agent is gone");
  }

 private:
  Does does_;
};

TEST_P(CheckpointSignerTest, two_keys_sign_one_checkpoint) {
  const auto other = std::make_shared<const SigningKey>(SigningKey::generate().value());
  signer_.start(checkpoint_of(3), {key(), other});
  const CheckpointNote note = signer_.finish().value();
  EXPECT_EQ(note.signatures.size(), 2U);
  EXPECT_TRUE(verify_note(note, key()->public_key()));
  EXPECT_TRUE(verify_note(note, other->public_key()));
}

// Witness: no_signature_unverified
TEST_P(CheckpointSignerTest, a_signer_that_fails_or_lies_gives_no_note_and_may_be_asked_again) {
  for (const auto does : {BadSigner::Does::fails, BadSigner::Does::lies}) {
    signer_.start(checkpoint_of(3), {key(), std::make_shared<const BadSigner>(does)});
    const auto note = signer_.finish();
    ASSERT_FALSE(note);
    EXPECT_EQ(note.error().code, ErrorCode::signer_failed);
    signer_.start(checkpoint_of(4), {key()});
    EXPECT_EQ(signer_.finish().value().checkpoint.size, 4U);
  }
}

INSTANTIATE_TEST_SUITE_P(with_and_without_a_thread, CheckpointSignerTest,
                         testing::Values(SignerThread::own, SignerThread::none));

}  // namespace
}  // namespace batpak::engine
