// Chains of keys from logs that no store wrote; those of stores are in store/key_change_test.cpp.
#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "batpak/codec.hpp"
#include "batpak/key_revocation.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "proof/checkpoint.hpp"
#include "proof/key_chain.hpp"
#include "proof/merkle.hpp"
#include "proof/revocation.hpp"
#include "proof/tree_proof.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/log";

VerifierKey named(const SigningKey& key) { return VerifierKey::make(origin, key.public_key()).value(); }

event::Genesis genesis_of(const SigningKey* key, const SigningKey* recovery = nullptr) {
  event::Genesis genesis;
  genesis.origin = origin;
  if (key != nullptr) genesis.key = key->public_key().bytes();
  if (recovery != nullptr) genesis.recovery_key_hash = recovery_key_hash(recovery->public_key()).bytes;
  return genesis;
}

event::KeyDeclaration declaration_of(const SigningKey& key, const SigningKey& recovery) {
  return {.key = key.public_key().bytes(), .recovery_key_hash = recovery_key_hash(recovery.public_key()).bytes};
}

event::KeyRotation rotation_of(const SigningKey& from, const SigningKey& to) {
  return {.key = to.public_key().bytes(), .previous_key = from.public_key().bytes()};
}

event::KeyRevocation revocation_of(const SigningKey& recovery, const SigningKey& revoked, const SigningKey& successor) {
  return proof::event_of(make_revocation(recovery, origin, revoked.public_key(), 0, successor.public_key()).value());
}

// A log that anybody may write who knows the format: its events, hashed and linked as a store does it.
class ForgedLog {
 public:
  // Where a stream begins it links to event 0.
  template <class T>
  ForgedLog& add(const T& payload) {
    event::DraftFields fields;
    fields.entity = T::entity;
    fields.scope = event::store_scope;
    fields.kind = T::kind;
    event::DraftFrame draft = event::DraftFrame::begin(fields, {});
    encode_payload(draft.payload_buffer(), payload).value();
    draft.finish({}).value();
    event::ChainFields chain;
    chain.sequence = receipts_.size();
    if (!receipts_.empty()) {
      chain.stream_version = receipts_.size() - 1;
      chain.previous_sequence = receipts_.size() - 1;
      chain.previous_hash = receipts_.back().event_hash;
    }
    if (forged_) chain = *std::exchange(forged_, std::nullopt);
    Bytes bytes(draft.frame_size());
    OfflineReceipt receipt;
    receipt.event_hash = draft.complete(chain, bytes);
    const auto frame = event::FrameView::parse(bytes).value();
    const auto copy = [](ByteView view) { return Bytes(view.begin(), view.end()); };
    receipt.header = copy(frame.header().bytes());
    receipt.payload = copy(frame.payload_section());
    receipts_.push_back(std::move(receipt));
    return *this;
  }

  // The next event says this of its place.
  ForgedLog& place_next(const event::ChainFields& chain) {
    forged_ = chain;
    return *this;
  }

  // One checkpoint over all of it, which names `stated_origin`.
  [[nodiscard]] std::vector<OfflineReceipt> signed_by(std::initializer_list<const SigningKey*> keys,
                                                      std::string_view stated_origin = origin) const {
    CheckpointNote note;
    note.checkpoint = {.origin = std::string(stated_origin), .size = receipts_.size(), .root = node(0, receipts_.size())};
    note.text = note_body(note.checkpoint);
    for (const SigningKey* key : keys) note.signatures.push_back(proof::sign_checkpoint(note.checkpoint, *key).value());
    std::vector<OfflineReceipt> receipts = receipts_;
    for (std::uint64_t i = 0; i < receipts.size(); ++i) {
      receipts[i].note = note;
      receipts[i].inclusion = {.sequence = i, .size = receipts.size(), .path = {}};
      add_path(receipts[i].inclusion.path, i, 0, receipts.size());
    }
    return receipts;
  }

 private:
  static std::uint64_t split(std::uint64_t count) {
    std::uint64_t left = 1;
    while (left * 2 < count) left *= 2;
    return left;
  }
  // RFC 9162, 2.1.1: of the leaves [from, from + count).
  [[nodiscard]] Hash node(std::uint64_t from, std::uint64_t count) const {
    if (count == 1) return proof::leaf_hash(receipts_[from].event_hash);
    const std::uint64_t left = split(count);
    return proof::node_hash(node(from, left), node(from + left, count - left));
  }
  // RFC 9162, 2.1.3.1.
  void add_path(std::vector<Hash>& path, std::uint64_t of, std::uint64_t from, std::uint64_t count) const {
    if (count == 1) return;
    const std::uint64_t left = split(count);
    if (of < from + left) {
      add_path(path, of, from, left);
      path.push_back(node(from + left, count - left));
    } else {
      add_path(path, of, from + left, count - left);
      path.push_back(node(from, left));
    }
  }

  std::vector<OfflineReceipt> receipts_;
  std::optional<event::ChainFields> forged_;
};

std::string chain_of(const std::vector<OfflineReceipt>& receipts) { return proof::format_key_chain(receipts); }

void expect_refused(const VerifierKey& known, const std::vector<OfflineReceipt>& receipts, ReceiptFault fault) {
  const auto keys = verify_key_chain(known, chain_of(receipts));
  ASSERT_FALSE(keys);
  EXPECT_EQ(to_string(keys.error().fault), to_string(fault)) << keys.error().message;
}

class ForgedKeyChainTest : public testing::Test {
 protected:
  SigningKey known_ = SigningKey::generate().value();
  SigningKey other_ = SigningKey::generate().value();
  SigningKey third_ = SigningKey::generate().value();
  SigningKey recovery_ = SigningKey::generate().value();
};

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, begins_with_the_genesis_event_of_the_log_that_its_checkpoints_name) {
  event::Genesis genesis = genesis_of(&known_);
  const auto keys = verify_key_chain(named(known_), chain_of(ForgedLog().add(genesis).signed_by({&known_})));
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->spans.size(), 1U);
  for (const std::string_view elsewhere : {"example.com/other", "", "example.com/log2"}) {
    genesis.origin = elsewhere;
    expect_refused(named(known_), ForgedLog().add(genesis).signed_by({&known_}), ReceiptFault::unknown_origin);
  }
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, leads_to_nobody_from_a_first_key_that_signed_nothing) {
  ForgedLog log;
  log.add(genesis_of(&known_, &recovery_)).add(revocation_of(recovery_, known_, other_));
  expect_refused(named(known_), log.signed_by({&other_}), ReceiptFault::wrong_key);
  EXPECT_TRUE(verify_key_chain(named(other_), chain_of(log.signed_by({&other_})))) << "the successor has signed";
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, leads_to_nobody_from_a_later_key_that_signed_nothing) {
  ForgedLog log;
  log.add(genesis_of(&other_, &recovery_)).add(rotation_of(other_, known_)).add(revocation_of(recovery_, known_, third_));
  expect_refused(named(known_), log.signed_by({&other_, &third_}), ReceiptFault::wrong_key);
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, does_not_begin_behind_the_genesis_event) {
  // A key of the owner's, declared again with somebody else's recovery key, in a log that the owner has signed.
  ForgedLog log;
  log.add(genesis_of(&known_)).add(declaration_of(known_, recovery_)).add(revocation_of(recovery_, known_, other_));
  auto receipts = log.signed_by({&known_, &other_});
  expect_refused(named(known_), receipts, ReceiptFault::broken_chain);
  receipts.erase(receipts.begin());
  expect_refused(named(known_), receipts, ReceiptFault::broken_chain);
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, may_declare_the_first_key_behind_a_genesis_event_without_one) {
  ForgedLog log;
  log.add(genesis_of(nullptr)).add(declaration_of(known_, recovery_)).add(rotation_of(known_, other_));
  const auto receipts = log.signed_by({&known_, &other_});
  const auto keys = verify_key_chain(named(known_), chain_of(receipts));
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->spans.size(), 2U);
  EXPECT_EQ(keys->recovery_key_hash, recovery_key_hash(recovery_.public_key()));
  expect_refused(named(known_), {receipts[0]}, ReceiptFault::wrong_key);
  expect_refused(named(known_), {receipts[1], receipts[2]}, ReceiptFault::broken_chain);
  expect_refused(named(known_), {receipts[0], receipts[2]}, ReceiptFault::broken_chain);
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, has_a_genesis_event_that_follows_nothing_and_nowhere_else_one) {
  event::ChainFields somewhere;
  somewhere.previous_hash.bytes.fill(std::byte{1});
  expect_refused(named(known_), ForgedLog().place_next(somewhere).add(genesis_of(&known_)).signed_by({&known_}),
                 ReceiptFault::broken_chain);
  ForgedLog twice;
  twice.add(genesis_of(nullptr)).add(genesis_of(&known_));
  const auto receipts = twice.signed_by({&known_});
  expect_refused(named(known_), receipts, ReceiptFault::broken_chain);
  expect_refused(named(known_), {receipts[1]}, ReceiptFault::broken_chain);
}

// Witness: key_chain_is_followed
TEST_F(ForgedKeyChainTest, hands_over_by_the_signature_of_the_key_before) {
  ForgedLog log;
  log.add(genesis_of(&known_)).add(rotation_of(known_, other_));
  EXPECT_TRUE(verify_key_chain(named(known_), chain_of(log.signed_by({&known_, &other_}))));
  expect_refused(named(known_), log.signed_by({&other_}), ReceiptFault::wrong_key);
  expect_refused(named(other_), log.signed_by({&other_}), ReceiptFault::wrong_key);
  expect_refused(named(other_), log.signed_by({&known_}), ReceiptFault::wrong_key);
}

}  // namespace
}  // namespace batpak::test
