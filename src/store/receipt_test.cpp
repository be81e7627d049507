// Receipts and keys: what verify_receipt accepts, what it refuses, and when a signature may be seen.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/crc32c.hpp"
#include "event/draft.hpp"
#include "event/frame_layout.hpp"
#include "segment/commit_walker.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::at;
using test::error_of;
using test::Moved;
using test::must;
using test::Said;

// Sizes of the checkpoints whose signatures the log stores, in the order of its commits.
std::vector<std::uint64_t> stored_signatures(const test::SimMachine& machine) {
  std::vector<std::uint64_t> sizes;
  for (const auto& [path, bytes] : machine.truth()) {
    if (!path.ends_with(".seg")) continue;
    const auto header = must(segment::SegmentHeader::decode(bytes));
    segment::CommitWalker walker(bytes, header);
    for (segment::WalkStep step = walker.next(); step.commit; step = walker.next()) {
      if (!step.commit->end.signatures.empty()) sizes.push_back(step.commit->end.signed_size);
    }
  }
  return sizes;
}

class ReceiptTest : public testing::Test {
 protected:
  OpenOptions with_key(SigningPolicy signing = SigningPolicy::each_commit) {
    OpenOptions options = machine_.options();
    options.key = key_;
    options.signing = signing;
    return options;
  }
  std::string refusal(const Store& store, Receipt receipt, const std::function<void(Receipt&)>& change) {
    change(receipt);
    return error_of(store.verify_receipt(receipt));
  }

  test::SimMachine machine_;
  std::shared_ptr<const SigningKey> key_ = test::new_key();
};

// Witness: receipt_stays_true
TEST_F(ReceiptTest, is_refused_with_any_field_changed) {
  Store store = machine_.open();
  must(store.append(at("a"), Moved{1, 2}));
  const auto receipt = must(store.append(at("a"), Moved{3, 4}));
  const auto other = must(store.append(at("a"), Moved{5, 6}));
  EXPECT_TRUE(store.verify_receipt(receipt));
  const auto with = [&](const std::function<void(Receipt&)>& change) { return refusal(store, receipt, change); };
  EXPECT_EQ(with([](Receipt& r) { ++r.sequence; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.sequence = 0; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { ++r.stream_version; }), "history_changed");
  EXPECT_EQ(with([&](Receipt& r) { r.event_id = other.event_id; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.kind = EventKind(0xF, 2); }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { ++r.time.counter; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { ++r.time.microseconds; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { ++r.wall_microseconds; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.event_hash.bytes[0] ^= std::byte{1}; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.previous_hash.bytes[0] ^= std::byte{1}; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.content_hash.bytes[0] ^= std::byte{1}; }), "history_changed");
  EXPECT_EQ(with([](Receipt& r) { r.event_signature.emplace(); }), "bad_signature");
  EXPECT_EQ(with([](Receipt& r) { r.checkpoint = std::make_shared<const CheckpointNote>(); }), "bad_signature");
}

TEST_F(ReceiptTest, of_an_event_behind_the_end_is_not_found) {
  Store store = machine_.open();
  const auto receipt = must(store.append(at("a"), Moved{}));
  EXPECT_EQ(refusal(store, receipt, [](Receipt& r) { r.sequence = 1000; }), "not_found");
}

// Witness: receipt_stays_true
TEST_F(ReceiptTest, of_another_store_is_refused) {
  Store store = machine_.open();
  must(store.append(at("a"), Moved{}));
  test::SimMachine elsewhere;
  platform::SeededEntropy other_chance(2);
  OpenOptions options = elsewhere.options();
  options.entropy = &other_chance;
  Store other = test::SimMachine::open(options);
  const auto receipt = must(other.append(at("a"), Moved{}));
  EXPECT_EQ(error_of(store.verify_receipt(receipt)), "history_changed");
}

// Witness: receipt_stays_true
TEST_F(ReceiptTest, of_an_altered_event_meets_corruption) {
  Store store = machine_.open();
  const auto receipt = must(store.append(at("a"), Said{"needle"}));
  must(store.append(at("a"), Said{"more"}));
  const auto log = machine_.truth().front();
  const std::string_view text = base::as_text(log.second);
  must(machine_.files.flip_bit(log.first, text.find("needle"), 0));
  EXPECT_EQ(error_of(store.verify_receipt(receipt)), "corrupt");
}

// Witness: receipt_stays_true
TEST_F(ReceiptTest, of_an_event_that_was_altered_meets_corruption_also_where_its_crc_was_mended) {
  Store store = machine_.open();
  const auto before = must(store.append(at("a"), Said{"first"}));
  const auto receipt = must(store.append(at("a"), Said{"needle"}));
  const auto log = machine_.truth().front();
  const auto frame_of = [&](const Hash& event_hash) {
    const auto found = std::ranges::search(log.second, event_hash.bytes);
    return static_cast<std::size_t>(found.begin() - log.second.begin()) - event::layout::event_hash;
  };
  // Changes a byte of a frame, and its CRC to that of what it then holds; doing it again undoes it.
  const auto alter = [&](std::size_t frame, std::size_t at) {
    const Bytes now = must(machine_.files.read_file(log.first));
    const auto length = base::load_le<std::uint32_t>(now.data() + frame + 4);
    Bytes altered(now.begin() + static_cast<std::ptrdiff_t>(frame),
                  now.begin() + static_cast<std::ptrdiff_t>(frame + length));
    altered[at] ^= std::byte{1};
    base::store_le(altered.data(), base::crc32c(ByteView(altered).subspan(4)));
    for (std::size_t i = 0; i < length; ++i) {
      const auto differs = std::to_integer<unsigned>(altered[i] ^ now[frame + i]);
      for (unsigned bit = 0; bit < 8; ++bit) {
        if ((differs >> bit & 1U) != 0) must(machine_.files.flip_bit(log.first, frame + i, bit));
      }
    }
  };
  const std::size_t frame = frame_of(receipt.event_hash);
  const std::size_t payload = base::as_text(log.second).find("needle") - frame;
  const auto header_size = base::load_le<std::uint32_t>(log.second.data() + frame + event::layout::header_length);
  const std::size_t wall_clock =
      event::layout::header + header_size - event::layout::in_chain::bytes_size + event::layout::in_chain::wall_microseconds;
  EXPECT_TRUE(store.verify_receipt(receipt));
  for (const auto& [of, at] : {std::pair{frame, payload}, {frame, wall_clock}, {frame_of(before.event_hash), wall_clock}}) {
    alter(of, at);
    EXPECT_EQ(error_of(store.verify_receipt(receipt)), "corrupt") << of << " " << at;
    alter(of, at);
    EXPECT_TRUE(store.verify_receipt(receipt));
  }
}

TEST_F(ReceiptTest, of_the_first_event_needs_no_event_before_it) {
  const Store store = machine_.open();
  const Event genesis = must(store.at(0));
  Receipt receipt;
  receipt.sequence = 0;
  receipt.event_id = genesis.id();
  receipt.kind = genesis.kind();
  receipt.time = genesis.time();
  receipt.wall_microseconds = genesis.wall_microseconds();
  receipt.event_hash = genesis.event_hash();
  receipt.previous_hash = genesis.previous_hash();
  receipt.content_hash = genesis.content_hash();
  EXPECT_TRUE(store.verify_receipt(receipt));
}

TEST_F(ReceiptTest, with_a_key_carries_a_signed_checkpoint_that_covers_it) {
  Store store = test::SimMachine::open(with_key());
  EXPECT_EQ(store.declared_key(), key_->public_key());
  Batch batch;
  for (int i = 0; i < 3; ++i) must(batch.add(at("a"), Moved{}));
  const auto receipts = must(store.append_batch(std::move(batch)));
  for (const Receipt& receipt : receipts) {
    ASSERT_TRUE(receipt.checkpoint);
    EXPECT_EQ(receipt.checkpoint, receipts.front().checkpoint);  // shared by the commit
    EXPECT_GT(receipt.checkpoint->checkpoint.size, receipt.sequence);
    EXPECT_EQ(receipt.checkpoint->checkpoint.origin, store.origin());
    EXPECT_TRUE(verify_note(*receipt.checkpoint, key_->public_key()));
    EXPECT_FALSE(verify_note(*receipt.checkpoint, test::new_key()->public_key()));
    EXPECT_EQ(receipt.event_signature, std::nullopt);
    EXPECT_TRUE(store.verify_receipt(receipt));
  }
  // As text, for somebody who has only the verifier key.
  const auto& note = *receipts.front().checkpoint;
  const auto parsed = must(parse_note(format_note(note.checkpoint, note.signatures)));
  EXPECT_TRUE(verify_note(parsed, must(VerifierKey::make(store.origin(), key_->public_key()))));
  EXPECT_EQ(must(store.checkpoint()), note);
  must(store.close());
  const auto report = machine_.verify();
  EXPECT_EQ(report.checkpoint, note.checkpoint);
}

// Witness: receipt_stays_true
TEST_F(ReceiptTest, with_a_foreign_or_altered_checkpoint_is_refused) {
  Store store = test::SimMachine::open(with_key());
  const auto early = must(store.append(at("a"), Moved{}));
  const auto receipt = must(store.append(at("a"), Moved{}));
  EXPECT_TRUE(store.verify_receipt(early));
  const auto with = [&](const std::function<void(CheckpointNote&)>& change) {
    CheckpointNote note = *receipt.checkpoint;
    change(note);
    return refusal(store, receipt, [&](Receipt& r) { r.checkpoint = std::make_shared<const CheckpointNote>(note); });
  };
  EXPECT_EQ(with([](CheckpointNote&) {}), "none");
  EXPECT_EQ(with([](CheckpointNote& note) { note.signatures[0].signature[5] ^= std::byte{1}; }), "bad_signature");
  EXPECT_EQ(with([](CheckpointNote& note) { note.signatures.clear(); }), "bad_signature");
  EXPECT_EQ(with([](CheckpointNote& note) { note.checkpoint.origin = "example.com/other"; }), "bad_signature");
  EXPECT_EQ(with([](CheckpointNote& note) { note.text[0] = 'X'; }), "bad_signature");
  // What is signed is the text; what it is taken to say must be the same.
  EXPECT_EQ(with([](CheckpointNote& note) { note.checkpoint.size += 100; }), "bad_signature");
  EXPECT_EQ(with([](CheckpointNote& note) { note.checkpoint.root.bytes[0] ^= std::byte{1}; }), "bad_signature");
  // A checkpoint from before the event says nothing of it.
  EXPECT_EQ(refusal(store, receipt, [&](Receipt& r) { r.checkpoint = early.checkpoint; }), "bad_signature");
}

// Witness: signature_only_after_sync
TEST_F(ReceiptTest, buffered_events_have_no_checkpoint_until_they_are_durable) {
  Store store = test::SimMachine::open(with_key());
  const auto receipt = must(store.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  EXPECT_EQ(receipt.checkpoint, nullptr);
  EXPECT_LE(must(store.checkpoint()).checkpoint.size, 1U);
  must(store.sync());
  EXPECT_EQ(must(store.checkpoint()).checkpoint.size, 3U);
  EXPECT_TRUE(verify_note(must(store.checkpoint()), key_->public_key()));
}

TEST_F(ReceiptTest, each_event_can_be_signed_besides) {
  Store store = test::SimMachine::open(with_key(SigningPolicy::each_event));
  const auto receipt = must(store.append(at("a"), Moved{}));
  const auto json = must(store.append_json(at("a"), "said", "\"hello\""));
  ASSERT_TRUE(receipt.event_signature);
  EXPECT_TRUE(key_->public_key().verifies(event::event_signature_input(store.origin(), receipt.event_hash),
                                          *receipt.event_signature));
  EXPECT_TRUE(store.verify_receipt(receipt));
  EXPECT_TRUE(store.verify_receipt(json));
  EXPECT_EQ(refusal(store, receipt, [](Receipt& r) { (*r.event_signature)[0] ^= std::byte{1}; }), "bad_signature");
  EXPECT_EQ(refusal(store, receipt, [&](Receipt& r) { r.event_signature = json.event_signature; }), "bad_signature");
  const Event event = must(store.get(receipt.event_id));
  ASSERT_EQ(event.signature().size(), 68U);
  EXPECT_TRUE(std::ranges::equal(event.signature().first(4), key_->public_key().key_id(store.origin())));
  EXPECT_TRUE(std::ranges::equal(event.signature().subspan(4), *receipt.event_signature));
  must(store.close());
  const auto report = machine_.verify(key_->public_key());
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.event_signatures_verified, 4U);  // two events and their declarations
  EXPECT_EQ(report.signatures, SignatureCheck::checked);
}

TEST_F(ReceiptTest, signing_each_event_needs_a_key) {
  OpenOptions options = machine_.options();
  options.signing = SigningPolicy::each_event;
  EXPECT_EQ(error_of(test::SimMachine::try_open(options)), "invalid_argument");
  EXPECT_TRUE(machine_.files.list_files().empty());
}

TEST_F(ReceiptTest, a_signed_store_is_written_with_its_key_only) {
  must(test::SimMachine::open(with_key()).close());
  EXPECT_EQ(error_of(machine_.try_open()), "key_required");
  OpenOptions other = machine_.options();
  other.key = test::new_key();
  EXPECT_EQ(error_of(test::SimMachine::try_open(other)), "wrong_key");
  ReadOnlyOptions reading;
  reading.file_system = &machine_.files;
  const Store reader = must(Store::open_read_only("store", reading));  // reading needs none
  EXPECT_EQ(reader.declared_key(), key_->public_key());
  EXPECT_TRUE(test::SimMachine::try_open(with_key()));
}

TEST_F(ReceiptTest, a_key_given_later_is_declared_before_its_first_signature) {
  std::vector<Receipt> receipts;
  {
    Store store = machine_.open();
    receipts.push_back(must(store.append(at("a"), Moved{})));
    EXPECT_EQ(store.declared_key(), std::nullopt);
    EXPECT_TRUE(must(store.checkpoint()).signatures.empty());
    must(store.close());
  }
  for (const SigningPolicy signing : {SigningPolicy::each_event, SigningPolicy::each_commit}) {
    Store store = test::SimMachine::open(with_key(signing));
    receipts.push_back(must(store.append(at("a"), Said{"signed"})));
    EXPECT_EQ(store.declared_key(), key_->public_key());
    ASSERT_TRUE(receipts.back().checkpoint);
    receipts.push_back(must(store.append(at("a"), Moved{})));
    for (const Receipt& receipt : receipts) EXPECT_TRUE(store.verify_receipt(receipt));
    must(store.close());
  }
  EXPECT_EQ(receipts[1].sequence, 5U);  // behind the key's declaration and its type's
  const auto report = machine_.verify(key_->public_key());
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.signatures, SignatureCheck::checked);
  EXPECT_GE(report.checkpoints_verified, 4U);
  Store store = test::SimMachine::open(with_key());
  EXPECT_EQ(must(store.at(3)).kind_name(), "batpak.key");
  EXPECT_EQ(must(store.at(4)).kind_name(), "batpak.type");
  EXPECT_EQ(store.types().back().sequence, 4U);  // where the registry says it is
  must(store.close());
  EXPECT_EQ(error_of(machine_.try_open()), "key_required");
}

TEST_F(ReceiptTest, a_key_that_signs_nothing_is_not_declared) {
  must(machine_.open().close());
  const auto before = machine_.truth();
  must(test::SimMachine::open(with_key()).close());
  EXPECT_EQ(machine_.truth(), before);
  EXPECT_TRUE(machine_.try_open());
}

TEST_F(ReceiptTest, each_signature_is_stored_by_the_next_commit) {
  Store store = test::SimMachine::open(with_key());
  must(store.append(at("a"), Moved{}));  // 1, 2
  must(store.append(at("a"), Moved{}));  // 3
  must(store.append(at("a"), Moved{}));  // 4
  const auto stored = stored_signatures(machine_);
  const std::set<std::uint64_t> sizes(stored.begin(), stored.end());
  EXPECT_TRUE(sizes.contains(3));
  EXPECT_TRUE(sizes.contains(4));
  EXPECT_FALSE(sizes.contains(5));  // nothing came behind it yet
  must(store.close());
  EXPECT_EQ(stored_signatures(machine_).back(), 5U);  // the mark
  const auto report = machine_.verify(key_->public_key());
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.events_not_yet_signed, 0U);
  EXPECT_EQ(report.checkpoints_verified, stored_signatures(machine_).size());
  EXPECT_EQ(report.events_signed_late, 0U);
}

TEST_F(ReceiptTest, without_the_key_verify_says_that_it_checked_no_signature) {
  Store store = test::SimMachine::open(with_key());
  must(store.append(at("a"), Moved{}));
  must(store.close());
  const auto report = machine_.verify();
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
  EXPECT_EQ(report.checkpoints_verified, 0U);
  EXPECT_FALSE(machine_.verify(test::new_key()->public_key()).clean());
}

// Witness: signature_only_after_sync
TEST_F(ReceiptTest, no_signature_of_a_failed_sync_is_ever_seen) {
  for (std::uint64_t failing = 1; failing <= 3; ++failing) {
    machine_.files.remove_file("store/store.meta").error();
    test::SimMachine machine;
    OpenOptions options = machine.options();
    options.key = key_;
    Store store = test::SimMachine::open(options);
    machine.files.inject({.call = platform::SimCall::sync, .path_contains = ".seg", .nth = failing});
    std::uint64_t acknowledged = 1;
    std::string refusal;
    for (int i = 0; i < 5 && refusal.empty(); ++i) {
      const auto receipt = store.append(at("a"), Moved{});
      if (receipt) acknowledged = receipt->sequence + 1;
      if (!receipt) refusal = error_of(receipt);
    }
    EXPECT_EQ(refusal, "outcome_unknown");
    EXPECT_LE(must(store.checkpoint()).checkpoint.size, acknowledged);  // what was lost has no signature to be seen
    EXPECT_EQ(error_of(store.append(at("a"), Moved{})), "poisoned");
    EXPECT_EQ(error_of(store.close()), "poisoned");
    machine.files.crash(platform::SimCrash::losing_everything());
    for (const std::uint64_t size : stored_signatures(machine)) EXPECT_LE(size, acknowledged);
    store = test::SimMachine::open(options);
    EXPECT_EQ(must(store.snapshot()).size(), acknowledged);
    must(store.append(at("b"), Moved{}));
    must(store.close());
    EXPECT_EQ(test::findings(machine.verify(key_->public_key())), "");
  }
}

}  // namespace
}  // namespace batpak
