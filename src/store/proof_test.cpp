// Proofs that a store gives of its log.
#include <gtest/gtest.h>

#include <map>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

class ProofTest : public testing::Test {
 protected:
  ProofTest() {
    OpenOptions options = machine_.options();
    options.key = key_;
    options.origin = "example.com/doors";
    store_.emplace(SimMachine::open(options));
  }

  void append(int count) {
    for (int i = 0; i < count; ++i) {
      receipts_.push_back(must(store_->append(at("door:" + std::to_string(i % 3)), Moved{.x = i, .y = 0})));
    }
  }
  void reopen() {
    must(store_->close());
    OpenOptions options = machine_.options();
    options.key = key_;
    store_.emplace(SimMachine::open(options));
  }
  [[nodiscard]] VerifierKey verifier() const { return must(VerifierKey::make("example.com/doors", key_->public_key())); }
  // Of the store's own sizes: the roots that its receipts were given with.
  [[nodiscard]] std::map<std::uint64_t, Hash> roots() const {
    std::map<std::uint64_t, Hash> roots;
    for (const Receipt& receipt : receipts_)
      roots[receipt.checkpoint->checkpoint.size] = receipt.checkpoint->checkpoint.root;
    return roots;
  }
  void expect_all_is_proven(const Store& store) const {
    for (const Receipt& receipt : receipts_) {
      const OfflineReceipt proof = must(store.proof(receipt));
      const auto parsed = parse_offline_receipt(format_offline_receipt(proof));
      ASSERT_TRUE(parsed) << parsed.error().message;
      const auto proven = verify_offline_receipt(*parsed, verifier());
      ASSERT_TRUE(proven) << proven.error().message;
      EXPECT_EQ(proven->sequence, receipt.sequence);
      EXPECT_EQ(proven->event_hash, receipt.event_hash);
    }
    const auto known = roots();
    for (const auto& [old_size, old_root] : known) {
      for (const auto& [new_size, new_root] : known) {
        if (old_size > new_size) continue;
        ASSERT_TRUE(verify_consistency(must(store.prove_consistency(old_size, new_size)), old_root, new_root));
      }
      for (const Receipt& receipt : receipts_) {
        if (receipt.sequence >= old_size) continue;
        const InclusionProof proof = must(store.prove_inclusion(receipt.sequence, old_size));
        ASSERT_TRUE(verify_inclusion(proof, receipt.event_hash, old_root));
      }
    }
  }

  SimMachine machine_;
  std::shared_ptr<const SigningKey> key_ = new_key();
  std::optional<Store> store_;
  std::vector<Receipt> receipts_;
};

// Witness: proofs_verify_for_strangers
TEST_F(ProofTest, of_every_event_and_every_two_checkpoints_verifies) {
  for (int round = 0; round < 5; ++round) {
    append(17);
    expect_all_is_proven(*store_);
  }
  reopen();
  expect_all_is_proven(*store_);
}

TEST_F(ProofTest, is_given_by_a_reader_beside_the_owner_too) {
  append(20);
  const auto process = machine_.files.start_process();
  const Store reader = must(Store::open_read_only("store", {.file_system = process.get()}));
  append(20);
  must(store_->close());  // the last signature is stored with the mark
  expect_all_is_proven(reader);
}

TEST_F(ProofTest, shows_payload_and_metadata_where_asked_to) {
  append(1);
  const auto hidden = verify_offline_receipt(must(store_->proof(receipts_[0])), verifier());
  EXPECT_FALSE(hidden->payload);
  const auto shown = verify_offline_receipt(must(store_->proof(receipts_[0], Store::Show::content)), verifier());
  ASSERT_TRUE(shown && shown->payload);
  EXPECT_EQ(must(decode_payload<Moved>(*shown->payload)).x, 0);
}

TEST_F(ProofTest, of_what_is_not_there_is_refused) {
  append(3);
  Receipt other = receipts_[0];
  other.event_hash.bytes[0] ^= std::byte{1};
  EXPECT_EQ(error_of(store_->proof(other)), "history_changed");
  EXPECT_EQ(error_of(store_->proof(1'000)), "past_the_end");
  EXPECT_EQ(error_of(store_->prove_inclusion(0, 1'000)), "past_the_end");
  EXPECT_EQ(error_of(store_->prove_inclusion(3, 2)), "past_the_end");
  EXPECT_EQ(error_of(store_->prove_consistency(1, 1'000)), "past_the_end");
  EXPECT_EQ(error_of(store_->prove_consistency(3, 2)), "invalid_argument");
}

TEST_F(ProofTest, of_an_event_that_is_not_durable_is_not_given) {
  append(3);
  const Receipt buffered = must(store_->append(at("door:1"), Moved{}, {.durability = Durability::buffered}));
  EXPECT_EQ(error_of(store_->proof(buffered)), "past_the_end");
  must(store_->sync());
  EXPECT_TRUE(store_->proof(buffered));
}

TEST_F(ProofTest, needs_a_key) {
  SimMachine machine;
  Store store = machine.open();
  const Receipt receipt = must(store.append(at("a"), Moved{}));
  EXPECT_EQ(error_of(store.proof(receipt)), "key_required");
  EXPECT_TRUE(store.prove_inclusion(receipt.sequence, 3)) << "of its tree it can prove what it likes";
}

class TreeFileTest : public ProofTest {
 protected:
  static constexpr std::string_view file = "store/tree/nodes";
  TreeFileTest() {
    append(100);
    expect_all_is_proven(*store_);
    reopen();
  }
};

TEST_F(TreeFileTest, is_written_when_the_store_is_closed_and_never_synced) {
  ASSERT_TRUE(machine_.files.read_file(file));
  for (const auto& call : machine_.files.calls()) {
    const bool is_of_the_tree = call.path.find("tree") != std::string::npos;
    EXPECT_FALSE(is_of_the_tree && call.call == platform::SimCall::sync) << call.path;
  }
  EXPECT_EQ(findings(machine_.verify(key_->public_key())), "");
}

// Witness: derived_files_are_not_truth
TEST_F(TreeFileTest, can_be_deleted_cut_or_changed_anywhere_without_changing_a_proof) {
  const Bytes whole = must(machine_.files.read_file(file));
  const OfflineReceipt expected = must(store_->proof(receipts_[40]));
  const auto expect_same = [&](const std::string& what) {
    reopen();
    const auto proof = store_->proof(receipts_[40]);
    ASSERT_TRUE(proof) << what << ": " << to_string(proof.error());
    EXPECT_EQ(proof->inclusion, expected.inclusion) << what;
    expect_all_is_proven(*store_);
  };
  must(machine_.files.remove_file(file));
  expect_same("deleted");
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    must(machine_.files.write_file(file, ByteView(whole).first(size)));
    expect_same("cut to " + std::to_string(size));
  }
  for (std::size_t offset = 0; offset < whole.size(); offset += 23) {
    Bytes changed = whole;
    changed[offset] ^= std::byte{1};
    must(machine_.files.write_file(file, changed));
    expect_same("changed at " + std::to_string(offset));
    // And with its CRC mended, as by somebody who wants another answer.
    if (offset < 4) continue;
    base::store_le(changed.data(), base::crc32c(ByteView(changed).subspan(4)));
    must(machine_.files.write_file(file, changed));
    expect_same("changed and mended at " + std::to_string(offset));
  }
}

TEST_F(TreeFileTest, of_another_store_is_not_taken) {
  SimMachine other;
  Store foreign = other.open();
  for (int i = 0; i < 100; ++i) must(foreign.append(at("a"), Moved{.x = i, .y = 1}));
  EXPECT_TRUE(foreign.prove_inclusion(3, 50));
  must(foreign.close());
  must(machine_.files.write_file(file, must(other.files.read_file(file))));
  reopen();
  expect_all_is_proven(*store_);
}

TEST_F(TreeFileTest, that_cannot_be_written_does_not_matter) {
  must(machine_.files.remove_file(file));
  reopen();
  machine_.files.inject({.call = {}, .path_contains = "tree", .nth = 1, .times = 100});
  expect_all_is_proven(*store_);
  must(store_->close());
}

}  // namespace
}  // namespace batpak::test
