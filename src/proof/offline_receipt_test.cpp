#include "batpak/offline_receipt.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/try.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "proof/checkpoint.hpp"
#include "proof/merkle.hpp"
#include "proof/tree_proof.hpp"

namespace batpak {
namespace {

constexpr std::string_view origin = "example.com/log";

Hash other_event(std::uint64_t number) {
  Hash hash;
  base::store_le(hash.bytes.data(), number + 1);
  return hash;
}

// A log in which all events but one are nothing but hashes.
class Log : public proof::TreeNodes {
 public:
  Log(std::uint64_t marked, const Hash& event_hash) : marked_(marked), event_hash_(event_hash) {}
  Result<Hash> node(unsigned level, std::uint64_t index) const override {
    if (level == 0) return proof::leaf_hash(index == marked_ ? event_hash_ : other_event(index));
    // Far from the event all are alike, so that the log may be long.
    if (level > 4 && marked_ >> level != index) return other_event(level);
    BATPAK_TRY(const Hash left, node(level - 1, 2 * index));
    BATPAK_TRY(const Hash right, node(level - 1, 2 * index + 1));
    return proof::node_hash(left, right);
  }

 private:
  std::uint64_t marked_;
  Hash event_hash_;
};

class OfflineReceiptTest : public testing::Test {
 protected:
  OfflineReceipt make(std::uint64_t sequence, std::uint64_t size, std::string_view entity = "door:1",
                      std::string_view scope = "building:a") const {
    event::DraftFields fields;
    fields.entity = entity;
    fields.scope = scope;
    fields.kind = EventKind(0xF, 1);
    const Bytes metadata(20, std::byte{0x11});
    fields.metadata = metadata;
    CorrelationId correlation;
    correlation.bytes.fill(std::byte{7});
    fields.correlation = correlation;
    EventId causation;
    causation.bytes.fill(std::byte{9});
    fields.causation = causation;
    event::DraftFrame draft = event::DraftFrame::begin(fields, {});
    base::append(draft.payload_buffer(), base::as_bytes("opened"));
    draft.finish({}).value();
    event::ChainFields chain;
    chain.sequence = sequence;
    chain.stream_version = 3;
    chain.time = {.microseconds = 1'700'000'000'000'000, .counter = 2};
    chain.wall_microseconds = 1'700'000'000'000'001;
    chain.previous_sequence = sequence - 1;
    Bytes frame_bytes(draft.frame_size());
    OfflineReceipt receipt;
    receipt.event_hash = draft.complete(chain, frame_bytes);
    const auto frame = event::FrameView::parse(frame_bytes).value();
    const auto copy = [](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); };
    receipt.header = copy(frame.header().bytes());
    receipt.metadata = copy(frame.metadata_section());
    receipt.payload = copy(frame.payload_section());
    const Log log(sequence, receipt.event_hash);
    receipt.inclusion = proof::prove_inclusion(log, sequence, size).value();
    receipt.note.checkpoint = {.origin = std::string(name_), .size = size, .root = proof::root_at(log, size).value()};
    sign(receipt);
    return receipt;
  }
  void sign(OfflineReceipt& receipt) const {
    receipt.note.text = note_body(receipt.note.checkpoint);
    receipt.note.signatures = {proof::sign_checkpoint(receipt.note.checkpoint, key_).value()};
  }
  [[nodiscard]] VerifierKey verifier() const { return VerifierKey::make(name_, key_.public_key()).value(); }
  [[nodiscard]] std::string fault_of(const OfflineReceipt& receipt) const {
    const auto proven = verify_offline_receipt(receipt, verifier());
    return proven ? "none" : std::string(to_string(proven.error().fault));
  }

  SigningKey key_ = SigningKey::generate().value();
  std::string name_{origin};
};

TEST_F(OfflineReceiptTest, comes_back_from_its_text_and_says_what_it_proves) {
  const OfflineReceipt receipt = make(5, 13);
  const auto parsed = parse_offline_receipt(format_offline_receipt(receipt));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, receipt);
  const auto proven = verify_offline_receipt(*parsed, verifier());
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_EQ(proven->sequence, 5U);
  EXPECT_EQ(proven->stream_version, 3U);
  EXPECT_EQ(proven->entity, "door:1");
  EXPECT_EQ(proven->scope, "building:a");
  EXPECT_EQ(proven->kind, EventKind(0xF, 1));
  EXPECT_EQ(proven->wall_microseconds, 1'700'000'000'000'001);
  EXPECT_EQ(proven->checkpoint.size, 13U);
  EXPECT_EQ(base::as_text(*proven->payload), "opened");
}

TEST_F(OfflineReceiptTest, holds_in_itself_whoever_signed_its_checkpoint) {
  OfflineReceipt receipt = make(5, 13);
  receipt.note.signatures.clear();
  const auto holds = verify_against_own_checkpoint(receipt);
  ASSERT_TRUE(holds) << holds.error().message;
  EXPECT_EQ(holds->entity, "door:1");
  receipt.inclusion.sequence = 13;
  EXPECT_EQ(verify_against_own_checkpoint(receipt).error().fault, ReceiptFault::index_beyond_size);
  receipt.inclusion.sequence = 5;
  receipt.note.checkpoint.root.bytes[0] ^= std::byte{1};
  EXPECT_EQ(verify_against_own_checkpoint(receipt).error().fault, ReceiptFault::wrong_root);
}

TEST_F(OfflineReceiptTest, proves_the_fields_without_payload_and_metadata) {
  OfflineReceipt receipt = make(5, 13);
  receipt.payload.clear();
  receipt.metadata.clear();
  const auto proven = verify_offline_receipt(receipt, verifier());
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_FALSE(proven->payload);
}

TEST_F(OfflineReceiptTest, verifies_at_every_place_of_small_logs) {
  for (std::uint64_t size = 2; size < 20; ++size) {
    for (std::uint64_t sequence = 1; sequence < size; ++sequence) EXPECT_EQ(fault_of(make(sequence, size)), "none");
  }
}

TEST_F(OfflineReceiptTest, is_small_in_a_log_of_a_billion_events) {
  name_ = "store.example.com/2f1c9b1a7c3e4d5f8a9b0c1d2e3f4a5b/log";
  OfflineReceipt receipt = make(123'456'789, 1'000'000'000, std::string(40, 'e'), std::string(24, 's'));
  receipt.payload.clear();
  receipt.metadata.clear();
  EXPECT_EQ(fault_of(receipt), "none");
  EXPECT_LE(format_offline_receipt(receipt).size(), 2'200U);
}

TEST_F(OfflineReceiptTest, says_of_each_fault_which_it_is) {
  const OfflineReceipt whole = make(5, 13);
  const auto changed = [&](auto change) {
    OfflineReceipt receipt = whole;
    change(receipt);
    return fault_of(receipt);
  };
  EXPECT_EQ(changed([](auto& r) { r.note.checkpoint.origin = "example.com/other"; }), "unknown_origin");
  EXPECT_EQ(changed([](auto& r) { r.note.signatures.clear(); }), "wrong_key");
  EXPECT_EQ(changed([](auto& r) { r.note.signatures[0].key_id[0] ^= std::byte{1}; }), "wrong_key");
  EXPECT_EQ(changed([](auto& r) { r.note.signatures[0].signature[7] ^= std::byte{1}; }), "bad_signature");
  EXPECT_EQ(changed([](auto& r) { ++r.note.checkpoint.size; }), "bad_signature");
  EXPECT_EQ(changed([](auto& r) { r.header[40] ^= std::byte{1}; }), "fields_changed");
  EXPECT_EQ(changed([](auto& r) { r.header.pop_back(); }), "malformed") << "zeros are hashed behind it";
  EXPECT_EQ(changed([](auto& r) { r.header[3] = std::byte{0x80}; }), "newer_format");
  EXPECT_EQ(changed([](auto& r) { r.event_hash.bytes[0] ^= std::byte{1}; }), "fields_changed");
  EXPECT_EQ(changed([](auto& r) { r.inclusion.sequence = 13; }), "index_beyond_size");
  EXPECT_EQ(changed([](auto& r) { r.inclusion.sequence = 6; }), "wrong_index");
  EXPECT_EQ(changed([](auto& r) { r.inclusion.path.pop_back(); }), "wrong_path");
  EXPECT_EQ(changed([](auto& r) { r.inclusion.path.push_back(Hash{}); }), "wrong_path");
  EXPECT_EQ(changed([](auto& r) { r.inclusion.path[0].bytes[3] ^= std::byte{1}; }), "wrong_root");
  EXPECT_EQ(changed([&](auto& r) {
              r.note.checkpoint.root.bytes[0] ^= std::byte{1};
              sign(r);
            }),
            "wrong_root");
  EXPECT_EQ(changed([](auto& r) { r.metadata.back() ^= std::byte{1}; }), "metadata_changed");
  EXPECT_EQ(changed([](auto& r) { r.metadata.resize(10); }), "metadata_changed");
  EXPECT_EQ(changed([](auto& r) { r.payload.back() ^= std::byte{1}; }), "payload_changed");
  EXPECT_EQ(changed([](auto& r) { r.payload[10] ^= std::byte{1}; }), "payload_changed") << "its salt";
  EXPECT_EQ(changed([](auto& r) { r.payload.push_back(std::byte{0}); }), "payload_changed");
}

// Witness: proofs_verify_for_strangers
TEST_F(OfflineReceiptTest, of_what_can_be_no_entity_or_scope_is_refused_though_all_hashes_hold) {
  const auto renamed = [&](std::string_view name, std::string_view other) {
    OfflineReceipt receipt = make(5, 13);
    const auto at = std::ranges::search(receipt.header, base::as_bytes(name)).begin();
    std::ranges::copy(base::as_bytes(other), at);
    receipt.event_hash = event::hash_header(receipt.header);
    const Log log(5, receipt.event_hash);
    receipt.note.checkpoint.root = proof::root_at(log, 13).value();
    receipt.inclusion = proof::prove_inclusion(log, 5, 13).value();
    sign(receipt);
    return fault_of(receipt);
  };
  EXPECT_EQ(renamed("door:1", "door:2"), "none");
  EXPECT_EQ(renamed("building:a", "building:b"), "none");
  for (const std::string_view bad : {std::string_view("\x1B"), std::string_view("\n"), std::string_view("\0", 1),
                                     std::string_view("\x7F"), std::string_view("\xFF"), std::string_view("\xC2\x9B")}) {
    EXPECT_EQ(renamed("door:1", bad), "malformed");
    EXPECT_EQ(renamed("building:a", bad), "malformed");
  }
}

// Witness: proofs_verify_for_strangers
TEST_F(OfflineReceiptTest, with_any_byte_of_its_text_changed_is_refused) {
  const std::string text = format_offline_receipt(make(5, 13));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char character :
         {'A', '0', ' ', '\n', '=', '\0', static_cast<char>(text[i] ^ 1), static_cast<char>(text[i] ^ 0x80)}) {
      if (text[i] == character) continue;
      std::string changed = text;
      changed[i] = character;
      const auto parsed = parse_offline_receipt(changed);
      ASSERT_FALSE(parsed && verify_offline_receipt(*parsed, verifier())) << "byte " << i << " of\n" << text;
    }
    ASSERT_FALSE(parse_offline_receipt(text.substr(0, i))) << i;
  }
}

TEST_F(OfflineReceiptTest, says_in_which_line_it_is_malformed) {
  const std::string text = format_offline_receipt(make(5, 13));
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  for (std::size_t number = 0; number < lines.size(); ++number) {
    if (lines[number].empty()) continue;
    std::string changed;
    for (std::size_t i = 0; i < lines.size(); ++i) changed += (i == number ? "no such line!" : lines[i]) + "\n";
    const auto parsed = parse_offline_receipt(changed);
    if (parsed) continue;  // an origin may be called anything without spaces
    EXPECT_EQ(parsed.error().fault, ReceiptFault::malformed);
    EXPECT_NE(parsed.error().message.find("line " + std::to_string(number + 1) + " of the receipt"), std::string::npos)
        << parsed.error().message;
  }
}

TEST_F(OfflineReceiptTest, takes_the_logs_and_witnesses_of_a_policy) {
  const SigningKey witness = SigningKey::generate().value();
  const std::string cosigner = to_string(CosignerKey::make("example.com/w", witness.public_key()).value());
  const auto policy =
      TrustPolicy::parse("log " + to_string(verifier()) + "\nwitness W " + cosigner + "\nquorum W\n").value();
  OfflineReceipt receipt = make(5, 13);
  EXPECT_EQ(verify_offline_receipt(receipt, policy).error().fault, ReceiptFault::not_cosigned);
  receipt.note.signatures.push_back(
      cosign(receipt.note, "example.com/w", witness, std::chrono::sys_seconds(std::chrono::seconds(1))).value());
  EXPECT_TRUE(verify_offline_receipt(receipt, policy));
  const auto text = parse_offline_receipt(format_offline_receipt(receipt));
  EXPECT_TRUE(text && verify_offline_receipt(*text, policy));
  receipt.note.signatures[0].signature[1] ^= std::byte{1};
  EXPECT_EQ(verify_offline_receipt(receipt, policy).error().fault, ReceiptFault::bad_signature);
  EXPECT_EQ(verify_offline_receipt(receipt, TrustPolicy::parse("quorum none\n").value()).error().fault,
            ReceiptFault::unknown_origin)
      << "a policy that knows no log trusts none";
}

}  // namespace
}  // namespace batpak
