// Chains of keys from logs that no store wrote; those of stores are in store/key_change_test.cpp.
#include <gtest/gtest.h>

#include "batpak/codec.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "proof/checkpoint.hpp"
#include "proof/key_chain.hpp"
#include "proof/merkle.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/log";

// Of a log of one event, the genesis event, under a checkpoint that names `origin`.
std::string chain_of_genesis(const SigningKey& key, std::string_view stated_origin) {
  event::Genesis genesis;
  genesis.key = key.public_key().bytes();
  genesis.origin = stated_origin;
  event::DraftFields fields;
  fields.entity = event::Genesis::entity;
  fields.scope = event::store_scope;
  fields.kind = event::Genesis::kind;
  event::DraftFrame draft = event::DraftFrame::begin(fields, {});
  encode_payload(draft.payload_buffer(), genesis).value();
  draft.finish({}).value();
  Bytes bytes(draft.frame_size());
  OfflineReceipt receipt;
  receipt.event_hash = draft.complete({}, bytes);
  const auto frame = event::FrameView::parse(bytes).value();
  const auto copy = [](ByteView view) { return Bytes(view.begin(), view.end()); };
  receipt.header = copy(frame.header().bytes());
  receipt.payload = copy(frame.payload_section());
  receipt.inclusion = {.sequence = 0, .size = 1, .path = {}};
  receipt.note.checkpoint = {.origin = std::string(origin), .size = 1, .root = proof::leaf_hash(receipt.event_hash)};
  receipt.note.text = note_body(receipt.note.checkpoint);
  receipt.note.signatures = {proof::sign_checkpoint(receipt.note.checkpoint, key).value()};
  return proof::format_key_chain(std::span(&receipt, 1));
}

// Witness: key_chain_is_followed
TEST(KeyChainOfOneKey, begins_with_the_genesis_event_of_the_log_that_its_checkpoints_name) {
  const SigningKey key = SigningKey::generate().value();
  const VerifierKey known = VerifierKey::make(origin, key.public_key()).value();
  const auto keys = verify_key_chain(known, chain_of_genesis(key, origin));
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->spans.size(), 1U);
  for (const std::string_view other : {"example.com/other", "", "example.com/log2"}) {
    const auto refused = verify_key_chain(known, chain_of_genesis(key, other));
    ASSERT_FALSE(refused) << other;
    EXPECT_EQ(refused.error().fault, ReceiptFault::unknown_origin);
  }
}

}  // namespace
}  // namespace batpak::test
