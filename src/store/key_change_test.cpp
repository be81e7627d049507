// Changes of a store's key: rotations, revocations, signers that fail, and the chain that leads from one key to the next.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "base/try.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::at;
using test::error_of;
using test::findings;
using test::Moved;
using test::must;

using SharedKey = std::shared_ptr<const SigningKey>;

// An external signer: it works, fails, or lies.
class Agent final : public Signer {
 public:
  enum class Does : std::uint8_t { sign, fail, lie };
  explicit Agent(SharedKey key) : key_(std::move(key)) {}
  const PublicKey& public_key() const noexcept override { return key_->public_key(); }
  Result<Signature> signature_of(std::span<const std::byte> message) const override {
    asked.fetch_add(1);
    if (does == Does::fail) return base::fail(ErrorCode::io_error, "the agent does not answer");
    Signature signature = key_->sign(message);
    if (does == Does::lie) signature[7] ^= std::byte{1};
    return signature;
  }
  std::atomic<Does> does{Does::sign};
  mutable std::atomic<int> asked{0};

 private:
  SharedKey key_;
};

class KeyChangeTest : public testing::Test {
 protected:
  OpenOptions with(std::shared_ptr<const Signer> key, std::shared_ptr<const Signer> previous = {}) {
    OpenOptions options = machine_.options();
    options.key = std::move(key);
    options.previous_key = std::move(previous);
    options.origin = "example.com/keys";
    return options;
  }
  OpenOptions recoverable(const SharedKey& key) {
    OpenOptions options = with(key);
    options.recovery_key_hash = recovery_key_hash(recovery_->public_key());
    return options;
  }
  // A store that was made with the key, has some events, and is closed.
  std::vector<Receipt> make(const OpenOptions& options, int events = 3) {
    Store store = machine_.open(options);
    std::vector<Receipt> receipts;
    for (int i = 0; i < events; ++i) receipts.push_back(must(store.append(at("a"), Moved{i, 0})));
    must(store.close());
    return receipts;
  }
  std::vector<Receipt> append(const OpenOptions& options, int events = 2) { return make(options, events); }
  KeyRevocation revocation(const SharedKey& revoked, std::uint64_t from, const SharedKey& successor) {
    return must(make_revocation(*recovery_, "example.com/keys", revoked->public_key(), from, successor->public_key()));
  }
  OpenOptions revoking(const SharedKey& revoked, std::uint64_t from, const SharedKey& successor) {
    OpenOptions options = with(successor);
    options.revocation = revocation(revoked, from, successor);
    return options;
  }
  void expect_clean(const std::vector<SharedKey>& keys) {
    for (const SharedKey& key : keys) {
      const VerifyReport report = machine_.verify(key->public_key());
      EXPECT_TRUE(report.clean()) << findings(report);
      EXPECT_EQ(report.events_not_yet_signed, 0U);
      EXPECT_GT(report.checkpoints_verified, 0U);
    }
  }
  std::string chain() { return must(must(Store::open_read_only("store", {.file_system = &machine_.files})).key_chain()); }
  VerifierKey named(const SharedKey& key) { return must(VerifierKey::make("example.com/keys", key->public_key())); }

  test::SimMachine machine_;
  SharedKey first_ = test::new_key();
  SharedKey second_ = test::new_key();
  SharedKey third_ = test::new_key();
  SharedKey recovery_ = test::new_key();
};

// Witness: keys_hand_over
TEST_F(KeyChangeTest, a_rotation_is_signed_by_both_keys_and_then_by_the_new_one_alone) {
  make(with(first_));
  Store store = machine_.open(with(second_, first_));
  EXPECT_TRUE(store.open_report().key_changed);
  EXPECT_EQ(store.declared_key(), second_->public_key());
  const CheckpointNote over = must(store.signed_checkpoint());
  EXPECT_EQ(over.signatures.size(), 2U);
  EXPECT_TRUE(verify_note(over, first_->public_key()));
  EXPECT_TRUE(verify_note(over, second_->public_key()));
  const Receipt receipt = must(store.append(at("a"), Moved{9, 9}));
  ASSERT_TRUE(receipt.checkpoint);
  EXPECT_EQ(receipt.checkpoint->signatures.size(), 1U);
  EXPECT_TRUE(verify_note(*receipt.checkpoint, second_->public_key()));
  EXPECT_FALSE(verify_note(*receipt.checkpoint, first_->public_key()));
  must(store.close());
  expect_clean({first_, second_});
  const VerifyReport report = machine_.verify(first_->public_key());
  ASSERT_EQ(report.keys.size(), 2U);
  EXPECT_EQ(report.keys[0].key, first_->public_key().bytes());
  EXPECT_EQ(report.keys[0].until, report.keys[1].from);
  EXPECT_EQ(report.keys[1].covered_by, report.keys[1].from + 1);
  EXPECT_EQ(report.keys[1].origin, KeyOrigin::rotation);
}

// Witness: receipt_stays_true
TEST_F(KeyChangeTest, receipts_from_before_a_rotation_stay_true) {
  for (const auto signing : {SigningPolicy::each_commit, SigningPolicy::each_event}) {
    machine_.~SimMachine();
    new (&machine_) test::SimMachine();
    OpenOptions options = with(first_);
    options.signing = signing;
    const auto before = make(options);
    options = with(second_, first_);
    options.signing = signing;
    const auto after = append(options);
    options.key = third_;
    options.previous_key = second_;
    const Store store = machine_.open(options);
    for (const auto* receipts : {&before, &after}) {
      for (const Receipt& receipt : *receipts) EXPECT_EQ(error_of(store.verify_receipt(receipt)), "none");
    }
    Receipt mixed = before[0];
    mixed.checkpoint = after[0].checkpoint;
    EXPECT_EQ(error_of(store.verify_receipt(mixed)), "none") << "a later checkpoint covers it too";
    mixed.event_signature = after[0].event_signature;
    if (mixed.event_signature) {
      EXPECT_EQ(error_of(store.verify_receipt(mixed)), "bad_signature");
    }
  }
}

TEST_F(KeyChangeTest, opening_with_both_keys_again_changes_nothing) {
  make(with(first_));
  append(with(second_, first_), 1);
  const auto log = machine_.truth();
  Store store = machine_.open(with(second_, first_));
  EXPECT_FALSE(store.open_report().key_changed);
  must(store.close());
  EXPECT_EQ(machine_.truth(), log);
  EXPECT_EQ(error_of(machine_.try_open(with(first_))), "wrong_key");
}

TEST_F(KeyChangeTest, several_rotations_follow_each_other) {
  make(with(first_));
  append(with(second_, first_));
  append(with(third_, second_));
  append(with(third_));
  expect_clean({first_, second_, third_});
  const VerifyReport report = machine_.verify(recovery_->public_key());
  ASSERT_FALSE(report.clean());
  EXPECT_EQ(report.findings[0].law, Law::key_declaration);
  EXPECT_EQ(report.checkpoints_verified, 0U);
}

// Witness: keys_hand_over
TEST_F(KeyChangeTest, keys_in_wrong_roles_are_refused_and_change_nothing) {
  make(with(first_));
  append(with(second_, first_));
  const auto log = machine_.truth();
  const auto refusal = [&](const OpenOptions& options) { return error_of(machine_.try_open(options)); };
  EXPECT_EQ(refusal(machine_.options()), "key_required");
  EXPECT_EQ(refusal(with(first_)), "wrong_key");
  EXPECT_EQ(refusal(with(third_)), "wrong_key");
  EXPECT_EQ(refusal(with(third_, first_)), "wrong_key") << "the previous key is not the one in force";
  EXPECT_EQ(refusal(with(first_, second_)), "wrong_key") << "a key comes once";
  EXPECT_EQ(refusal(with(second_, third_)), "wrong_key") << "the previous key is none of the store's";
  EXPECT_EQ(refusal(with(second_, second_)), "invalid_argument");
  EXPECT_EQ(refusal(with({}, second_)), "invalid_argument");
  EXPECT_EQ(refusal(recoverable(second_)), "wrong_key") << "no recovery key was named";
  EXPECT_EQ(refusal(revoking(second_, 1, third_)), "wrong_key");
  EXPECT_EQ(machine_.truth(), log);
  test::SimMachine unsigned_machine;
  std::swap(machine_.files, unsigned_machine.files);
  must(machine_.open().close());
  EXPECT_EQ(refusal(with(second_, first_)), "wrong_key") << "the store has no key";
}

TEST_F(KeyChangeTest, a_store_whose_key_came_later_rotates_too) {
  OpenOptions unsigned_store = machine_.options();
  unsigned_store.origin = "example.com/keys";
  must(machine_.open(unsigned_store).close());
  append(recoverable(first_));
  append(with(second_, first_));
  append(revoking(second_, 3, third_));
  expect_clean({first_, second_, third_});
  EXPECT_TRUE(verify_key_chain(named(first_), chain()));
}

// Witness: revocation_needs_the_recovery_key
TEST_F(KeyChangeTest, a_revocation_puts_the_successor_in_force_without_the_lost_key) {
  make(recoverable(first_));
  Store store = machine_.open(revoking(first_, 2, second_));
  EXPECT_TRUE(store.open_report().key_changed);
  const CheckpointNote over = must(store.signed_checkpoint());
  EXPECT_EQ(over.signatures.size(), 1U);
  EXPECT_TRUE(verify_note(over, second_->public_key()));
  must(store.append(at("a"), Moved{1, 1}));
  must(store.close());
  expect_clean({first_, second_});
  const VerifyReport report = machine_.verify(first_->public_key());
  ASSERT_EQ(report.keys.size(), 2U);
  EXPECT_EQ(report.keys[0].revoked_from, 2U);
  EXPECT_EQ(report.keys[1].origin, KeyOrigin::revocation);
  const auto log = machine_.truth();
  must(machine_.open(revoking(first_, 2, second_)).close());  // said again, it is said
  EXPECT_EQ(machine_.truth(), log);
  EXPECT_EQ(error_of(machine_.try_open(with(first_))), "wrong_key");
}

// Witness: revocation_needs_the_recovery_key
TEST_F(KeyChangeTest, a_revocation_by_anybody_else_or_of_anything_else_is_refused) {
  make(recoverable(first_));
  const auto log = machine_.truth();
  const auto refusal = [&](KeyRevocation statement, const SharedKey& key) {
    OpenOptions options = with(key);
    options.revocation = std::move(statement);
    return error_of(machine_.try_open(options));
  };
  const KeyRevocation right = revocation(first_, 2, second_);
  EXPECT_EQ(
      refusal(must(make_revocation(*third_, "example.com/keys", first_->public_key(), 2, second_->public_key())), second_),
      "wrong_key");
  EXPECT_EQ(refusal(must(make_revocation(*recovery_, "example.com/other", first_->public_key(), 2, second_->public_key())),
                    second_),
            "wrong_key");
  KeyRevocation other = right;
  other.from = 1;
  EXPECT_EQ(refusal(other, second_), "bad_signature");
  other = right;
  other.recovery_key = third_->public_key();
  EXPECT_EQ(refusal(other, second_), "wrong_key");
  EXPECT_EQ(refusal(right, third_), "wrong_key");
  EXPECT_EQ(refusal(revocation(third_, 2, second_), second_), "wrong_key");
  EXPECT_EQ(refusal(revocation(first_, 1000, second_), second_), "invalid_argument");
  EXPECT_EQ(machine_.truth(), log);
  EXPECT_EQ(error_of(make_revocation(*recovery_, "x", first_->public_key(), 2, first_->public_key())), "invalid_argument");
}

// Witness: revocation_needs_the_recovery_key
TEST_F(KeyChangeTest, the_recovery_key_never_becomes_the_one_that_signs) {
  EXPECT_EQ(error_of(machine_.try_open(recoverable(recovery_))), "invalid_argument") << "as the first key";
  EXPECT_EQ(machine_.files.list_files().size(), 0U) << "nothing was made";
  make(recoverable(first_));
  const auto log = machine_.truth();
  EXPECT_EQ(error_of(machine_.try_open(with(recovery_, first_))), "invalid_argument") << "by a rotation";
  EXPECT_EQ(error_of(make_revocation(*recovery_, "example.com/keys", first_->public_key(), 2, recovery_->public_key())),
            "invalid_argument")
      << "by a revocation";
  KeyRevocation made_elsewhere = revocation(first_, 2, second_);
  made_elsewhere.successor = recovery_->public_key();
  OpenOptions options = with(recovery_);
  options.revocation = made_elsewhere;
  EXPECT_EQ(error_of(machine_.try_open(options)), "invalid_argument") << "by one that others have written";
  EXPECT_EQ(machine_.truth(), log);
}

TEST_F(KeyChangeTest, what_a_leaked_key_signed_counts_only_after_the_successor_signed_too) {
  make(recoverable(first_), 5);
  OpenOptions options = with(std::make_shared<Agent>(second_));
  auto& agent = const_cast<Agent&>(dynamic_cast<const Agent&>(*options.key));
  agent.does = Agent::Does::fail;
  options.revocation = revocation(first_, 3, second_);
  Store store = machine_.open(options);
  must(store.close());
  const VerifyReport before = machine_.verify(first_->public_key());
  EXPECT_TRUE(before.clean()) << findings(before);
  EXPECT_EQ(before.events_not_yet_signed, before.events - 3);
  append(with(second_), 1);
  expect_clean({first_, second_});
}

// Witness: key_chain_is_followed
TEST_F(KeyChangeTest, nothing_is_proven_under_a_checkpoint_that_a_revocation_voids) {
  make(recoverable(first_), 5);
  {
    Store store = machine_.open(with(first_));
    must(store.declare_heads());
    must(store.close());
  }
  OpenOptions options = with(std::make_shared<Agent>(second_));
  auto& agent = const_cast<Agent&>(dynamic_cast<const Agent&>(*options.key));
  agent.does = Agent::Does::fail;
  options.revocation = revocation(first_, 3, second_);
  Store store = machine_.open(options);
  const auto expect_nothing = [](const Store& shown) {
    EXPECT_EQ(error_of(shown.signed_checkpoint()), "past_the_end");
    EXPECT_EQ(error_of(shown.proof(2)), "past_the_end");
    EXPECT_EQ(error_of(shown.prove_stream("a")), "no_heads");
  };
  expect_nothing(store);
  must(store.close());
  expect_nothing(must(Store::open_read_only("store", {.file_system = &machine_.files})));
  const Store signs = machine_.open(with(second_));
  EXPECT_EQ(error_of(signs.signed_checkpoint()), "none");
  EXPECT_TRUE(verify_offline_receipt(must(signs.proof(2)), named(second_)));
  EXPECT_EQ(error_of(signs.prove_stream("a")), "none");
}

TEST_F(KeyChangeTest, a_key_that_an_attacker_put_in_force_is_revoked_with_the_one_it_came_from) {
  make(recoverable(first_));
  append(with(third_, first_));  // the attacker has the first key
  append(revoking(first_, 3, second_));
  expect_clean({first_, second_});
  const VerifyReport report = machine_.verify(second_->public_key());
  ASSERT_EQ(report.keys.size(), 3U);
  EXPECT_EQ(report.keys[1].revoked_from, 3U);
  EXPECT_FALSE(report.keys[2].revoked_from);
}

// Witness: keys_hand_over
TEST_F(KeyChangeTest, an_interrupted_rotation_needs_both_keys_until_a_checkpoint_has_both) {
  make(recoverable(first_));
  const auto agent = std::make_shared<Agent>(second_);
  agent->does = Agent::Does::fail;
  must(machine_.open(with(agent, first_)).close());
  const VerifyReport report = machine_.verify(first_->public_key());
  EXPECT_TRUE(report.clean()) << findings(report);
  EXPECT_FALSE(report.keys.back().covered_by);
  EXPECT_EQ(error_of(machine_.try_open(with(second_))), "rotation_unfinished");
  EXPECT_EQ(error_of(machine_.try_open(with(third_, second_))), "rotation_unfinished");
  EXPECT_EQ(error_of(machine_.try_open(with(first_))), "rotation_unfinished");
  EXPECT_EQ(error_of(machine_.try_open(with(third_))), "wrong_key");
  EXPECT_TRUE(verify_key_chain(named(first_), chain())->spans.size() == 1);
  must(machine_.open(with(second_, first_)).close());
  EXPECT_TRUE(machine_.verify(second_->public_key()).keys.back().covered_by);
  append(with(second_));
  expect_clean({first_, second_});
}

TEST_F(KeyChangeTest, an_interrupted_revocation_is_whole_after_it_is_said_again_and_nothing_more) {
  make(recoverable(first_));
  const auto agent = std::make_shared<Agent>(second_);
  agent->does = Agent::Does::fail;
  OpenOptions interrupted = revoking(first_, 2, second_);
  interrupted.key = agent;
  must(machine_.open(interrupted).close());
  EXPECT_FALSE(machine_.verify(first_->public_key()).keys.back().covered_by);
  must(machine_.open(revoking(first_, 2, second_)).close());
  EXPECT_TRUE(machine_.verify(first_->public_key()).keys.back().covered_by);
  expect_clean({first_, second_});
}

TEST_F(KeyChangeTest, what_was_left_unsigned_is_signed_in_the_log_by_opening_and_closing_it) {
  const auto agent = std::make_shared<Agent>(first_);
  {
    OpenOptions options = recoverable(first_);
    options.key = agent;
    Store store = machine_.open(options);
    must(store.append(at("a"), Moved{1, 0}));
    agent->does = Agent::Does::fail;
    must(store.append(at("a"), Moved{2, 0}));
    must(store.close());
  }
  EXPECT_GT(machine_.verify(first_->public_key()).events_not_yet_signed, 0U);
  must(machine_.open(with(agent)).close());
  EXPECT_GT(machine_.verify(first_->public_key()).events_not_yet_signed, 0U);
  {
    Store store = machine_.open(with(agent));
    agent->does = Agent::Does::sign;  // answers while the store is closed
    must(store.close());
  }
  expect_clean({first_});
  const auto log = machine_.truth();
  must(machine_.open(with(first_)).close());
  EXPECT_EQ(machine_.truth(), log);
}

TEST_F(KeyChangeTest, an_interrupted_rotation_whose_first_key_is_lost_ends_by_the_recovery_key) {
  make(recoverable(first_));
  const auto agent = std::make_shared<Agent>(second_);
  agent->does = Agent::Does::fail;
  must(machine_.open(with(agent, first_)).close());
  append(revoking(first_, 3, second_));
  expect_clean({first_, second_});
  EXPECT_EQ(verify_key_chain(named(first_), chain())->spans.size(), 3U);
}

TEST_F(KeyChangeTest, a_rotation_stands_where_a_segment_ends) {
  OpenOptions options = with(first_);
  options.segment_bytes = 64U << 10;
  for (int filling = 0; filling < 8; ++filling) {
    machine_.~SimMachine();
    new (&machine_) test::SimMachine();
    options.file_system = &machine_.files;
    options.clock = &machine_.clock;
    options.entropy = &machine_.entropy;
    Store store = machine_.open(options);
    must(store.append(at("a"), test::Said{std::string(46'000 + 1'000 * static_cast<std::size_t>(filling), 'x')}));
    must(store.close());
    OpenOptions rotating = options;
    rotating.key = second_;
    rotating.previous_key = first_;
    append(rotating, 1);
    expect_clean({first_, second_});
  }
}

// Witness: no_signature_unverified
TEST_F(KeyChangeTest, a_signer_that_fails_costs_no_event_and_is_asked_again) {
  const auto agent = std::make_shared<Agent>(first_);
  Store store = machine_.open(with(agent));
  must(store.append(at("a"), Moved{1, 1}));
  for (const auto does : {Agent::Does::fail, Agent::Does::lie}) {
    agent->does = does;
    const std::uint64_t signed_before = store.frontier().signed_size;
    const Receipt receipt = must(store.append(at("a"), Moved{2, 2}));
    EXPECT_FALSE(receipt.checkpoint);
    EXPECT_EQ(receipt.durability, Durability::durable);
    EXPECT_EQ(error_of(store.verify_receipt(receipt)), "none");
    EXPECT_EQ(store.frontier().signed_size, signed_before);
    ASSERT_TRUE(store.signer_error());
    EXPECT_EQ(store.signer_error()->code, ErrorCode::signer_failed);
    EXPECT_EQ(error_of(store.proof(receipt)), "past_the_end");
    agent->does = Agent::Does::sign;
    const Receipt next = must(store.append(at("a"), Moved{3, 3}));
    ASSERT_TRUE(next.checkpoint);
    EXPECT_FALSE(store.signer_error());
    EXPECT_EQ(store.frontier().signed_size, store.frontier().durable);
  }
  must(store.close());
  expect_clean({first_});
}

TEST_F(KeyChangeTest, an_idle_store_asks_a_signer_again_that_failed) {
  const auto agent = std::make_shared<Agent>(first_);
  Store store = machine_.open(with(agent));
  agent->does = Agent::Does::fail;
  must(store.append(at("a"), Moved{1, 1}));
  agent->does = Agent::Does::sign;
  must(store.close());
  expect_clean({first_});
}

TEST_F(KeyChangeTest, an_event_whose_signer_failed_is_recorded_unsigned) {
  const auto agent = std::make_shared<Agent>(first_);
  OpenOptions options = with(agent);
  options.signing = SigningPolicy::each_event;
  Store store = machine_.open(options);
  EXPECT_TRUE(must(store.append(at("a"), Moved{1, 1})).event_signature);
  agent->does = Agent::Does::fail;
  const Receipt receipt = must(store.append(at("a"), Moved{2, 2}));
  EXPECT_FALSE(receipt.event_signature);
  agent->does = Agent::Does::sign;
  EXPECT_TRUE(must(store.append(at("a"), Moved{3, 3})).event_signature);
  EXPECT_EQ(error_of(store.verify_receipt(receipt)), "none");
  must(store.close());
  expect_clean({first_});
}

TEST_F(KeyChangeTest, event_signatures_are_by_the_key_in_force) {
  OpenOptions options = with(first_);
  options.signing = SigningPolicy::each_event;
  make(options);
  options = with(second_, first_);
  options.signing = SigningPolicy::each_event;
  append(options);
  expect_clean({first_, second_});
  const VerifyReport by_first = machine_.verify(first_->public_key());
  const VerifyReport by_second = machine_.verify(second_->public_key());
  EXPECT_EQ(by_first.event_signatures_verified, by_second.event_signatures_verified);
  EXPECT_EQ(by_first.event_signatures_verified, by_first.events - 1) << "all but the genesis event";
}

// Witness: key_chain_is_followed
TEST_F(KeyChangeTest, a_chain_leads_from_any_key_to_the_others) {
  make(recoverable(first_));
  append(with(second_, first_));
  const auto late = append(revoking(second_, 5, third_));
  const std::string text = chain();
  for (const SharedKey& known : {first_, second_, third_}) {
    const auto keys = verify_key_chain(named(known), text);
    ASSERT_TRUE(keys) << keys.error().message;
    ASSERT_EQ(keys->spans.size(), 3U);
    EXPECT_EQ(keys->spans[2].key, third_->public_key().bytes());
    EXPECT_EQ(keys->spans[1].revoked_from, 5U);
    const Store store = must(Store::open_read_only("store", {.file_system = &machine_.files}));
    const OfflineReceipt receipt = must(store.proof(late[0]));
    EXPECT_TRUE(verify_offline_receipt(receipt, *keys));
    EXPECT_FALSE(verify_offline_receipt(receipt, named(first_)));
  }
  EXPECT_EQ(verify_key_chain(named(recovery_), text).error().fault, ReceiptFault::wrong_key);
  const auto elsewhere = must(VerifierKey::make("example.com/other", first_->public_key()));
  EXPECT_EQ(verify_key_chain(elsewhere, text).error().fault, ReceiptFault::unknown_origin);
}

// Witness: key_chain_is_followed
TEST_F(KeyChangeTest, a_receipt_by_a_revoked_key_counts_up_to_its_revocation) {
  make(recoverable(first_), 1);
  std::vector<OfflineReceipt> receipts;
  {
    Store store = machine_.open(with(first_));
    for (int i = 0; i < 4; ++i) receipts.push_back(must(store.proof(must(store.append(at("a"), Moved{i, i})))));
    must(store.close());
  }
  const std::uint64_t from = receipts[1].note.checkpoint.size;
  append(revoking(first_, from, second_));
  const auto keys = verify_key_chain(named(first_), chain());
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_TRUE(verify_offline_receipt(receipts[0], *keys));
  EXPECT_TRUE(verify_offline_receipt(receipts[1], *keys));
  EXPECT_EQ(verify_offline_receipt(receipts[2], *keys).error().fault, ReceiptFault::revoked_key);
  EXPECT_EQ(verify_offline_receipt(receipts[3], *keys).error().fault, ReceiptFault::revoked_key);
}

// Witness: key_chain_is_followed
TEST_F(KeyChangeTest, a_chain_with_any_byte_changed_leads_nowhere_else) {
  make(recoverable(first_), 1);
  append(with(second_, first_), 1);
  append(revoking(second_, 4, third_), 1);
  const std::string text = chain();
  const auto right = verify_key_chain(named(first_), text);
  ASSERT_TRUE(right);
  std::size_t believed = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char with : {'A', '\n', '1', static_cast<char>(text[i] ^ 1)}) {
      std::string changed = text;
      if (changed[i] == with) continue;
      changed[i] = with;
      const auto keys = verify_key_chain(named(first_), changed);
      if (!keys) continue;
      ++believed;  // a signature that nobody needs
      EXPECT_EQ(*keys, *right) << "byte " << i;
    }
  }
  EXPECT_EQ(believed, 0U);
}

// Witness: key_chain_is_followed
TEST_F(KeyChangeTest, a_chain_leaves_out_no_change_but_the_last) {
  make(recoverable(first_), 1);
  append(with(second_, first_), 1);
  append(with(third_, second_), 1);
  const SharedKey fourth = test::new_key();
  append(revoking(second_, 6, fourth), 1);  // which fits behind the second key as well as behind the third
  const std::string text = chain();
  std::vector<std::size_t> starts;
  for (std::size_t at = text.find("receipt "); at != std::string::npos; at = text.find("\nreceipt ", at + 1)) {
    starts.push_back(text[at] == '\n' ? at + 1 : at);
  }
  ASSERT_EQ(starts.size(), 4U);
  const auto without = [&](std::size_t which) {
    const std::size_t end = which + 1 < starts.size() ? starts[which + 1] : text.size();
    return text.substr(0, starts[which]) + text.substr(end);
  };
  EXPECT_EQ(verify_key_chain(named(first_), without(0)).error().fault, ReceiptFault::broken_chain);
  EXPECT_EQ(verify_key_chain(named(first_), without(1)).error().fault, ReceiptFault::broken_chain);
  EXPECT_EQ(verify_key_chain(named(first_), without(2)).error().fault, ReceiptFault::broken_chain);
  EXPECT_EQ(verify_key_chain(named(first_), without(3))->spans.size(), 3U);
  EXPECT_EQ(verify_key_chain(named(first_), text.substr(0, starts[0])).error().fault, ReceiptFault::malformed);
}

TEST_F(KeyChangeTest, a_store_without_a_signature_has_no_chain) {
  const Store store = machine_.open();
  EXPECT_EQ(error_of(store.key_chain()), "key_required");
  EXPECT_TRUE(store.keys().empty());
  EXPECT_FALSE(store.signer_error());
}

}  // namespace
}  // namespace batpak
