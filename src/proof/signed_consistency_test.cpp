#include "batpak/signed_consistency.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "proof/checkpoint.hpp"
#include "proof/merkle.hpp"
#include "proof/tree_proof.hpp"

namespace batpak {
namespace {

constexpr std::string_view origin = "example.com/log";

// A tree whose leaves tell their number.
class NumberedTree : public proof::TreeNodes {
 public:
  Result<Hash> node(unsigned level, std::uint64_t index) const override {
    if (level == 0) {
      Hash event;
      base::store_le(event.bytes.data(), index);
      return proof::leaf_hash(event);
    }
    return proof::node_hash(node(level - 1, 2 * index).value(), node(level - 1, 2 * index + 1).value());
  }
};

class SignedConsistencyTest : public testing::Test {
 protected:
  [[nodiscard]] static VerifierKey named(const SigningKey& key, std::string_view log = origin) {
    return VerifierKey::make(log, key.public_key()).value();
  }
  [[nodiscard]] static CheckpointNote note_of(std::uint64_t size, const SigningKey& key, std::string_view log = origin) {
    CheckpointNote note;
    note.checkpoint = {.origin = std::string(log), .size = size, .root = proof::root_at(NumberedTree(), size).value()};
    note.text = note_body(note.checkpoint);
    note.signatures.push_back(proof::sign_checkpoint(note.checkpoint, key).value());
    return note;
  }
  [[nodiscard]] static SignedConsistency from(std::uint64_t old_size, CheckpointNote newer) {
    const std::uint64_t new_size = newer.checkpoint.size;
    return {.proof = proof::prove_consistency(NumberedTree(), old_size, new_size).value(), .note = std::move(newer)};
  }
  // "verified", or the reason why not.
  template <class Trusted>
  [[nodiscard]] static std::string said_of(const SignedConsistency& consistency, const CheckpointNote& older,
                                           const Trusted& trusted) {
    const auto proven = verify_signed_consistency(consistency, older, trusted);
    if (proven) return "verified";
    EXPECT_NE(proven.error().message, "");
    std::string fault(to_string(proven.error().fault));
    if (proven.error().note_fault) fault += "." + std::string(to_string(*proven.error().note_fault));
    return fault;
  }

  SigningKey key_ = SigningKey::generate().value();
  SigningKey other_ = SigningKey::generate().value();
  CheckpointNote older_ = note_of(3, key_);
  SignedConsistency good_ = from(3, note_of(8, key_));
};

// Witness: proofs_verify_for_strangers
TEST_F(SignedConsistencyTest, shows_that_the_log_goes_on_from_what_was_kept) {
  for (std::uint64_t newer = 0; newer < 20; ++newer) {
    for (std::uint64_t older = 0; older <= newer; ++older) {
      const SignedConsistency consistency = from(older, note_of(newer, key_));
      const auto read = parse_consistency(format_consistency(consistency.proof, consistency.note));
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(*read, consistency);
      const auto proven = verify_signed_consistency(*read, note_of(older, key_), named(key_));
      ASSERT_TRUE(proven) << older << " " << newer << ": " << proven.error().message;
      EXPECT_EQ(proven->older.size, older);
      EXPECT_EQ(proven->newer, consistency.note.checkpoint);
    }
  }
}

TEST_F(SignedConsistencyTest, needs_both_checkpoints_signed_by_the_key) {
  EXPECT_EQ(said_of(good_, note_of(3, other_), named(key_)), "refused_old.wrong_key");
  EXPECT_EQ(said_of(from(3, note_of(8, other_)), older_, named(key_)), "refused_new.wrong_key");
  EXPECT_EQ(said_of(good_, older_, named(key_, "example.com/else")), "refused_old.unknown_origin");
  EXPECT_EQ(said_of(from(3, note_of(8, key_, "example.com/else")), older_, named(key_)), "refused_new.unknown_origin");
  CheckpointNote bad = older_;
  bad.signatures[0].signature[7] ^= std::byte{1};
  EXPECT_EQ(said_of(good_, bad, named(key_)), "refused_old.bad_signature");
  CheckpointNote bare = older_;
  bare.signatures.clear();
  EXPECT_EQ(said_of(good_, bare, named(key_)), "refused_old.wrong_key");
  SignedConsistency changed = good_;
  changed.note.checkpoint.size += 1;
  EXPECT_EQ(said_of(changed, older_, named(key_)), "refused_new.bad_signature");
}

TEST_F(SignedConsistencyTest, needs_the_cosignatures_that_a_policy_asks_for) {
  const SigningKey third = SigningKey::generate().value();
  const std::string text = "log " + to_string(named(key_)) + "\nlog " + to_string(named(third, "example.com/else")) +
                           "\nwitness W " + to_string(CosignerKey::make("example.com/W", other_.public_key()).value()) +
                           "\nquorum ";
  const TrustPolicy without = TrustPolicy::parse(text + "none\n").value();
  EXPECT_EQ(said_of(good_, older_, without), "verified");
  EXPECT_EQ(said_of(from(3, note_of(8, third, "example.com/else")), older_, without), "other_log");
  const TrustPolicy with = TrustPolicy::parse(text + "W\n").value();
  EXPECT_EQ(said_of(good_, older_, with), "refused_old.not_cosigned");
  const auto cosigned = [&](CheckpointNote note) {
    const std::chrono::sys_seconds when(std::chrono::seconds(1'800'000'000));
    note.signatures.push_back(cosign(note, "example.com/W", other_, when).value());
    return note;
  };
  EXPECT_EQ(said_of(good_, cosigned(older_), with), "refused_new.not_cosigned");
  const auto proven = verify_signed_consistency(from(3, cosigned(good_.note)), cosigned(older_), with);
  ASSERT_TRUE(proven) << proven.error().message;
  ASSERT_EQ(proven->cosignatures.size(), 1U);
  EXPECT_EQ(proven->cosignatures[0].witness, "W");
}

// What a key signed that was revoked later counts where somebody kept it, and nowhere else.
TEST_F(SignedConsistencyTest, takes_the_keys_in_force_at_each_size) {
  KeyChain chain{.origin = std::string(origin), .spans = {}, .recovery_key_hash = {}};
  KeySpan first;
  first.key = key_.public_key().bytes();
  first.until = 5;
  KeySpan second;
  second.key = other_.public_key().bytes();
  second.origin = KeyOrigin::rotation;
  second.from = 5;
  chain.spans = {first, second};
  EXPECT_EQ(said_of(from(3, note_of(8, other_)), older_, chain), "verified");
  EXPECT_EQ(said_of(good_, older_, chain), "refused_new.wrong_key");
  EXPECT_EQ(said_of(from(3, note_of(8, other_)), note_of(3, other_), chain), "refused_old.wrong_key");
  chain.spans[0].revoked_from = 2;
  chain.spans[1].origin = KeyOrigin::revocation;
  EXPECT_EQ(said_of(from(3, note_of(8, other_)), older_, chain), "verified");
  EXPECT_EQ(said_of(from(3, note_of(4, key_)), older_, chain), "refused_new.revoked_key");
}

// Witness: proofs_verify_for_strangers
TEST_F(SignedConsistencyTest, proves_nothing_with_anything_else_in_it) {
  EXPECT_EQ(said_of(from(3, note_of(8, key_)), note_of(9, key_), named(key_)), "rolled_back");
  EXPECT_EQ(said_of(from(4, note_of(8, key_)), older_, named(key_)), "wrong_size");
  const auto with_other_root = [&](CheckpointNote note) {
    note.checkpoint.root.bytes[0] ^= std::byte{1};
    note.text = note_body(note.checkpoint);
    note.signatures = {proof::sign_checkpoint(note.checkpoint, key_).value()};
    return note;
  };
  EXPECT_EQ(said_of(from(8, note_of(8, key_)), with_other_root(note_of(8, key_)), named(key_)), "forked");
  EXPECT_EQ(said_of(good_, with_other_root(older_), named(key_)), "wrong_proof");
  SignedConsistency changed = good_;
  changed.note = with_other_root(changed.note);
  EXPECT_EQ(said_of(changed, older_, named(key_)), "wrong_proof");
  for (std::size_t i = 0; i < good_.proof.path.size(); ++i) {
    changed = good_;
    changed.proof.path[i].bytes[0] ^= std::byte{1};
    EXPECT_EQ(said_of(changed, older_, named(key_)), "wrong_proof");
    changed = good_;
    changed.proof.path.erase(changed.proof.path.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(said_of(changed, older_, named(key_)), "wrong_proof");
  }
  changed = good_;
  changed.proof.path.push_back(Hash{});
  EXPECT_EQ(said_of(changed, older_, named(key_)), "wrong_proof");
  // The size that the proof itself states is not believed.
  changed = good_;
  changed.proof.new_size = 100;
  EXPECT_EQ(said_of(changed, older_, named(key_)), "verified");
}

TEST_F(SignedConsistencyTest, a_text_that_is_none_is_refused_with_its_line) {
  const std::string text = format_consistency(good_.proof, good_.note);
  ASSERT_TRUE(is_consistency(text));
  const auto with = [&](std::string_view was, std::string_view is) {
    std::string other = text;
    return other.replace(other.find(was), was.size(), is);
  };
  std::string long_path = "old 3\n";
  for (int i = 0; i < 65; ++i) long_path += "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  const std::pair<std::string, std::string> cases[]{
      {"", "line 1"},
      {"old", "line 1"},
      {with("old 3", "new 3"), "line 1"},
      {with("old 3", "old 03"), "line 1"},
      {with("old 3", "old -3"), "line 1"},
      {with("old 3", "old 18446744073709551616"), "line 1"},
      {with("old 3\n", "old 3\nAAAA\n"), "line 2"},
      {with("old 3\n", "old 3\n\n"), "line"},
      {long_path + text.substr(text.find("\n\n") + 1), "line 66"},
      {text.substr(0, text.find("\n\n") + 2), "line"},
      {text.substr(0, text.size() - 1), "line"},
      {text + "\n", "line"},
  };
  for (const auto& [given, line] : cases) {
    const auto read = parse_consistency(given);
    ASSERT_FALSE(read) << given;
    EXPECT_EQ(read.error().fault, ConsistencyFault::malformed);
    EXPECT_TRUE(read.error().message.contains(line)) << read.error().message;
  }
}

}  // namespace
}  // namespace batpak
