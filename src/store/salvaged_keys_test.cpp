// Which keys may sign what is salvaged.
#include <gtest/gtest.h>

#include <algorithm>

#include "batpak/salvage.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

class SalvagedKeysTest : public testing::Test {
 protected:
  SalvagedKeysTest() {
    OpenOptions options = with(first_);
    options.recovery_key_hash = recovery_key_hash(recovery_->public_key());
    append(options);
  }

  OpenOptions with(const std::shared_ptr<const SigningKey>& key) {
    OpenOptions options = machine_.options();
    options.key = key;
    options.origin = "example.com/keys";
    return options;
  }
  void append(const OpenOptions& options) {
    Store store = machine_.open(options);
    must(store.append(at("a"), Moved{}));
    must(store.close());
  }
  void revoke_first_for_second() {
    OpenOptions options = with(second_);
    options.revocation =
        must(make_revocation(*recovery_, "example.com/keys", first_->public_key(), 1, second_->public_key()));
    append(options);
  }
  Result<SalvageReport> salvage_with(const std::shared_ptr<const SigningKey>& key) {
    return salvage("store", "copy", with(key));
  }
  void spoil_store_meta() { must(machine_.files.flip_bit("store/store.meta", 30, 0)); }
  // The genesis event's payload does not give its hash any more.
  void spoil_genesis() {
    const Store store = must(Store::open_read_only("store", {.file_system = &machine_.files}));
    const EventView genesis = must(store.at(0));
    for (const std::string& path : machine_.files.list_files()) {
      if (!path.ends_with(".seg")) continue;
      const Bytes bytes = must(machine_.files.read_file(path));
      const auto payload = std::ranges::search(bytes, genesis.payload());
      if (payload.empty()) continue;
      must(machine_.files.flip_bit(path, static_cast<std::uint64_t>(payload.begin() - bytes.begin()) + 30, 0));
    }
  }
  bool copy_is_there() {
    return std::ranges::any_of(machine_.files.list_files(), [](const std::string& path) { return path.contains("copy"); });
  }

  SimMachine machine_;
  std::shared_ptr<const SigningKey> first_ = new_key();
  std::shared_ptr<const SigningKey> second_ = new_key();
  std::shared_ptr<const SigningKey> recovery_ = new_key();
};

// Witness: revocation_needs_the_recovery_key
TEST_F(SalvagedKeysTest, do_not_become_the_recovery_key) {
  EXPECT_EQ(error_of(salvage_with(recovery_)), "invalid_argument");
  EXPECT_FALSE(copy_is_there());
  EXPECT_EQ(must(salvage_with(first_)).source_key, first_->public_key());
}

TEST_F(SalvagedKeysTest, do_not_become_the_recovery_key_where_store_meta_is_damaged) {
  spoil_store_meta();
  EXPECT_EQ(error_of(salvage_with(recovery_)), "invalid_argument") << "the genesis event names it";
}

TEST_F(SalvagedKeysTest, do_not_become_the_recovery_key_where_the_genesis_event_is_damaged) {
  spoil_genesis();
  EXPECT_EQ(error_of(salvage_with(recovery_)), "invalid_argument") << "store.meta names it";
}

TEST_F(SalvagedKeysTest, are_none_that_were_revoked) {
  revoke_first_for_second();
  EXPECT_EQ(error_of(salvage_with(first_)), "wrong_key");
  EXPECT_FALSE(copy_is_there());
  EXPECT_EQ(must(salvage_with(second_)).source_key, second_->public_key());
  EXPECT_EQ(findings(must(verify_directory("copy", {.key = second_->public_key(), .file_system = &machine_.files}))), "");
}

TEST_F(SalvagedKeysTest, may_be_new_ones_or_none) {
  const auto report = must(salvage_with(second_));
  EXPECT_EQ(report.source_key, first_->public_key());
  EXPECT_EQ(must(salvage("store", "unsigned", machine_.options())).source_key, first_->public_key());
  EXPECT_EQ(must(salvage("unsigned", "again", machine_.options())).source_key, std::nullopt);
}

}  // namespace
}  // namespace batpak::test
