// The witness file: a memory outside of the store, which notices that the log was put back or exchanged.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/bytes.hpp"
#include "event/store_events.hpp"
#include "platform/forwarding_fs.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

using Persist = WitnessFile::Persist;
using WhenMissing = WitnessFile::WhenMissing;
using WhenNotExtended = WitnessFile::WhenNotExtended;

constexpr std::string_view witness_path = "safe/witness";

// Where something happens just before the store's lock is taken: what the owner before does last.
class AtLock : public platform::ForwardingFs {
 public:
  AtLock(platform::FileSystem& files, std::function<void()> happens) : ForwardingFs(files), happens_(std::move(happens)) {}

 private:
  class Directory : public platform::ForwardingDirectory {
   public:
    Directory(std::shared_ptr<platform::Directory> directory, const std::function<void()>& happens)
        : ForwardingDirectory(std::move(directory)), happens_(happens) {}
    Result<std::unique_ptr<platform::OwnerLock>> lock_as_owner() override {
      happens_();
      return ForwardingDirectory::lock_as_owner();
    }

   private:
    const std::function<void()>& happens_;
  };
  std::shared_ptr<platform::Directory> wrap(std::shared_ptr<platform::Directory> directory) override {
    return std::make_shared<Directory>(std::move(directory), happens_);
  }

  std::function<void()> happens_;
};

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() { must(machine_.files.write_file("safe/other", base::as_bytes("a directory of other things"))); }

  OpenOptions options(const WitnessFile& witness) {
    OpenOptions options = machine_.options();
    options.key = key_;
    options.origin = "example.com/doors";
    options.witness_file = witness;
    return options;
  }
  static WitnessFile creating() { return {.path = std::string(witness_path), .when_missing = WhenMissing::create}; }
  static WitnessFile existing() { return {.path = std::string(witness_path)}; }
  static WitnessFile strict() {
    return {
        .path = std::string(witness_path), .persist = Persist::before_acknowledgement, .when_missing = WhenMissing::create};
  }
  Store open(const WitnessFile& witness) { return SimMachine::open(options(witness)); }
  Result<Store> try_open(const WitnessFile& witness) { return SimMachine::try_open(options(witness)); }

  static void append(Store& store, int count) {
    for (int i = 0; i < count; ++i) must(store.append(at("door:" + std::to_string(i % 3)), Moved{.x = i, .y = 0}));
  }
  [[nodiscard]] WitnessRecord remembered() const {
    return must(parse_witness_record(base::as_text(must(machine_.files.read_file(witness_path)))));
  }

  // The store's own directory, as a copy of it keeps it.
  using Copy = std::map<std::string, Bytes>;
  [[nodiscard]] Copy copy() const {
    Copy copy;
    for (const std::string& path : machine_.files.list_files()) {
      if (path.starts_with("store/")) copy[path] = must(machine_.files.read_file(path));
    }
    return copy;
  }
  void put_back(const Copy& copy) {
    for (const std::string& path : machine_.files.list_files()) {
      if (path.starts_with("store/")) must(machine_.files.remove_file(path));
    }
    for (const auto& [path, bytes] : copy) must(machine_.files.write_file(path, bytes));
  }
  // A store of 5 events, a copy of it, 5 more in it; closed.
  Copy fill_and_copy() {
    Store first = open(creating());
    append(first, 5);
    must(first.close());
    Copy before = copy();
    Store second = open(existing());
    append(second, 5);
    must(second.close());
    return before;
  }

  SimMachine machine_;
  std::shared_ptr<const SigningKey> key_ = new_key();
};

TEST_F(WitnessTest, is_not_kept_inside_of_the_store) {
  for (const std::string_view path : {"store/witness", "store/log/witness"}) {
    const auto refused = try_open({.path = std::string(path), .when_missing = WhenMissing::create});
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(machine_.files.list_files().size(), 1U) << "nothing was made";
}

TEST_F(WitnessTest, remembers_the_newest_checkpoint_when_the_store_is_closed) {
  Store store = open(creating());
  append(store, 5);
  must(store.close());
  EXPECT_EQ(remembered().note, must(store.checkpoint()));
  EXPECT_TRUE(verify_note(remembered().note, key_->public_key()));
  EXPECT_TRUE(try_open(existing())) << "and today's log goes on from it";
}

TEST_F(WitnessTest, of_a_store_without_a_key_remembers_its_root_unsigned) {
  key_.reset();
  Store store = open(creating());
  append(store, 5);
  must(store.close());
  EXPECT_TRUE(remembered().note.signatures.empty());
  EXPECT_EQ(remembered().note.checkpoint, must(store.checkpoint()).checkpoint);
  EXPECT_TRUE(try_open(existing()));
}

TEST_F(WitnessTest, is_written_within_its_lag_while_the_store_is_open) {
  Store store = open(creating());
  const std::uint64_t before = store.frontier().witnessed;
  append(store, 5);
  store.keep_house();
  EXPECT_EQ(store.frontier().witnessed, before) << "not for each commit";
  machine_.clock.advance(std::chrono::seconds(1));
  store.keep_house();
  EXPECT_EQ(store.frontier().witnessed, store.frontier().durable);
  EXPECT_EQ(remembered().note.checkpoint.size, store.frontier().durable);
}

TEST_F(WitnessTest, that_cannot_be_written_is_told_while_appends_go_on) {
  Store store = open(creating());
  EXPECT_FALSE(store.witness_error());
  machine_.files.inject({.call = platform::SimCall::write,
                         .path_contains = "safe",
                         .nth = 1,
                         .times = 1000,
                         .effect = platform::SimFault::Effect::no_space});
  append(store, 5);
  machine_.clock.advance(std::chrono::seconds(1));
  store.keep_house();
  ASSERT_TRUE(store.witness_error());
  EXPECT_EQ(store.witness_error()->code, ErrorCode::no_space);
  EXPECT_LT(store.frontier().witnessed, store.frontier().durable);
  append(store, 1);
  machine_.files.clear_faults();
  machine_.clock.advance(std::chrono::seconds(1));
  store.keep_house();
  EXPECT_FALSE(store.witness_error());
  EXPECT_EQ(store.frontier().witnessed, store.frontier().durable);
}

TEST_F(WitnessTest, that_is_strict_is_written_before_an_append_returns) {
  Store store = open(strict());
  for (int i = 0; i < 5; ++i) {
    const Receipt receipt = must(store.append(at("door:1"), Moved{.x = i, .y = 0}));
    EXPECT_EQ(remembered().note.checkpoint.size, receipt.sequence + 1);
  }
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, notices_an_older_copy_of_the_store) {
  const Copy before = fill_and_copy();
  put_back(before);
  const auto opened = try_open(existing());
  EXPECT_EQ(error_of(opened), "rolled_back");
  EXPECT_NE(opened.error().message.find(to_string(remembered().note.checkpoint.root)), std::string::npos)
      << "both checkpoints are shown";
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, notices_another_history_in_an_older_copy) {
  const Copy before = fill_and_copy();
  put_back(before);
  Store other = SimMachine::open([&] {
    OpenOptions without = options(existing());
    without.witness_file.reset();
    return without;
  }());
  append(other, 40);
  must(other.close());
  EXPECT_EQ(error_of(try_open(existing())), "forked");
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, notices_that_the_whole_store_is_gone_and_makes_none) {
  fill_and_copy();
  put_back({});
  EXPECT_EQ(error_of(try_open(existing())), "rolled_back");
  EXPECT_TRUE(copy().empty()) << "nothing was made";
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, says_what_it_says_when_the_lock_is_taken) {
  const Copy before = fill_and_copy();
  const Bytes newest = must(machine_.files.read_file(witness_path));
  put_back(before);
  must(machine_.files.remove_file(witness_path));
  must(open(creating()).close());
  ASSERT_LT(remembered().note.checkpoint.size, must(parse_witness_record(base::as_text(newest))).note.checkpoint.size);
  // Read before the owner before has gone, it is older than the log that this one left.
  AtLock files(machine_.files, [&] { must(machine_.files.write_file(witness_path, newest)); });
  OpenOptions opening = options(existing());
  opening.file_system = &files;
  EXPECT_EQ(error_of(Store::open("store", opening)), "rolled_back");
  EXPECT_EQ(must(machine_.files.read_file(witness_path)), newest) << "and nothing is forgotten";
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, that_appears_until_the_lock_is_taken_keeps_a_store_from_being_made) {
  fill_and_copy();
  const Bytes kept = must(machine_.files.read_file(witness_path));
  put_back({});
  for (const Create create : {Create::if_absent, Create::always}) {
    must(machine_.files.remove_file(witness_path));
    AtLock files(machine_.files, [&] { must(machine_.files.write_file(witness_path, kept)); });
    OpenOptions opening = options(creating());
    opening.create = create;
    opening.file_system = &files;
    EXPECT_EQ(error_of(Store::open("store", opening)), "rolled_back");
    EXPECT_FALSE(machine_.files.read_file("store/store.meta")) << "nothing was made";
  }
}

TEST_F(WitnessTest, that_is_removed_until_the_lock_is_taken_is_missing) {
  fill_and_copy();
  AtLock files(machine_.files, [&] { must(machine_.files.remove_file(witness_path)); });
  OpenOptions opening = options(existing());
  opening.file_system = &files;
  EXPECT_EQ(error_of(Store::open("store", opening)), "witness_missing");
}

TEST_F(WitnessTest, that_is_missing_is_refused_unless_it_may_be_made) {
  Store store = open(creating());
  must(store.close());
  must(machine_.files.remove_file(witness_path));
  EXPECT_EQ(error_of(try_open(existing())), "witness_missing");
  EXPECT_TRUE(try_open(creating()));
}

TEST_F(WitnessTest, is_named_in_errors_by_its_own_path) {
  EXPECT_EQ(try_open(existing()).error().path, witness_path) << "missing";
  Store store = open(creating());
  append(store, 5);
  machine_.files.inject({.call = platform::SimCall::sync, .path_contains = "safe", .nth = 1, .times = 1000});
  const auto closed = store.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().path, witness_path) << "cannot be written when the store is closed";
  EXPECT_EQ(try_open(existing()).error().path, witness_path) << "nor when it is opened";
  machine_.files.clear_faults();
  must(machine_.files.write_file(witness_path, base::as_bytes("nonsense")));
  EXPECT_EQ(try_open(existing()).error().path, witness_path) << "malformed";
}

TEST_F(WitnessTest, needs_a_name) {
  for (const char* const path : {"", "safe/", "/"}) {
    WitnessFile nameless = creating();
    nameless.path = path;
    EXPECT_EQ(error_of(try_open(nameless)), "invalid_argument") << path;
  }
}

TEST_F(WitnessTest, of_another_store_is_refused) {
  Store store = open(creating());
  must(store.close());
  OpenOptions other = options(existing());
  OpenOptions unwitnessed = other;
  unwitnessed.witness_file.reset();
  must(must(Store::open("other", unwitnessed)).close());
  EXPECT_EQ(error_of(Store::open("other", other)), "witness_foreign") << "although it has the same origin and key";
}

TEST_F(WitnessTest, that_is_no_such_file_is_refused_with_its_line) {
  Store store = open(creating());
  must(store.close());
  must(machine_.files.write_file(witness_path, base::as_bytes("batpak-witness@v1\nstore 12\n")));
  const auto opened = try_open(existing());
  EXPECT_EQ(error_of(opened), "malformed");
  EXPECT_NE(opened.error().message.find("line 2"), std::string::npos) << opened.error().message;
}

TEST_F(WitnessTest, accepts_a_restore_only_when_told_and_says_so_in_the_log) {
  const Copy before = fill_and_copy();
  const Checkpoint given_up = remembered().note.checkpoint;
  put_back(before);
  WitnessFile accepting = existing();
  accepting.when_not_extended = WhenNotExtended::accept_restore;
  Store store = open(accepting);
  EXPECT_EQ(store.open_report().given_up, given_up);
  append(store, 1);
  must(store.close());
  EXPECT_EQ(findings(machine_.verify(key_->public_key())), "");
  EXPECT_TRUE(try_open(existing())) << "from then on it remembers the log that is there";

  Store again = open(accepting);
  EXPECT_FALSE(again.open_report().given_up) << "which is accepted without more ado";
  const auto records = all(must(again.stream(event::Restore::entity)));
  ASSERT_EQ(records.size(), 1U);
  const auto record = must(decode_payload<event::Restore>(records[0].payload()));
  EXPECT_EQ(must(parse_note(record.given_up)).checkpoint, given_up);
}

TEST_F(WitnessTest, with_extension_lines_is_given_up_in_the_words_that_were_signed) {
  const Copy before = fill_and_copy();
  WitnessRecord record = remembered();
  const std::string signer = record.note.checkpoint.origin;
  record.note.text += "an extension\n";
  record.note.signatures = {{.name = signer, .key_id = key_->public_key().key_id(signer), .signature = {}}};
  base::append(record.note.signatures[0].signature, key_->sign(base::as_bytes(record.note.text)));
  must(machine_.files.write_file(witness_path, base::as_bytes(format_witness_record(record))));
  put_back(before);
  WitnessFile accepting = existing();
  accepting.when_not_extended = WhenNotExtended::accept_restore;
  Store store = open(accepting);
  const auto records = all(must(store.stream(event::Restore::entity)));
  ASSERT_EQ(records.size(), 1U);
  const auto given_up = must(parse_note(must(decode_payload<event::Restore>(records[0].payload())).given_up));
  EXPECT_EQ(given_up, record.note);
  EXPECT_TRUE(verify_note(given_up, key_->public_key()));
}

TEST_F(WitnessTest, that_cannot_be_written_is_told_by_close) {
  Store store = open(creating());
  append(store, 3);
  machine_.files.inject({.call = {}, .path_contains = "safe", .nth = 1, .times = 1000});
  machine_.clock.advance(std::chrono::seconds(2));
  store.keep_house();
  EXPECT_TRUE(store.append(at("door:1"), Moved{.x = 1, .y = 0})) << "the log does not wait for it";
  EXPECT_EQ(error_of(store.close()), "io_error");
  machine_.files.clear_faults();
  EXPECT_TRUE(try_open(existing())) << "what it remembers is older, and true";
}

TEST_F(WitnessTest, that_is_strict_and_cannot_be_written_ends_writing) {
  Store store = open(strict());
  append(store, 3);
  machine_.files.inject({.call = {}, .path_contains = "safe", .nth = 1, .times = 1000});
  EXPECT_EQ(error_of(store.append(at("door:1"), Moved{.x = 1, .y = 0})), "outcome_unknown");
  machine_.files.clear_faults();
  EXPECT_EQ(error_of(store.append(at("door:1"), Moved{.x = 1, .y = 0})), "poisoned");
}

// Witness: rollback_is_noticed
TEST_F(WitnessTest, never_remembers_what_a_crash_takes_from_the_log) {
  for (const Persist persist : {Persist::soon, Persist::before_acknowledgement}) {
    WitnessFile witness = creating();
    witness.persist = persist;
    for (std::uint64_t nth = 1;; ++nth) {
      SCOPED_TRACE(nth);
      SimMachine machine;
      must(machine.files.write_file("safe/other", base::as_bytes("x")));
      OpenOptions opening = machine.options();
      opening.key = key_;
      opening.witness_file = witness;
      std::uint64_t acknowledged = 0;
      machine.files.inject({.call = {}, .path_contains = {}, .nth = nth, .effect = platform::SimFault::Effect::stop});
      {
        auto store = Store::open("store", opening);
        for (int i = 0; i < 4 && store; ++i) {
          const auto receipt = store->append(at("door:1"), Moved{.x = i, .y = 0});
          if (receipt) acknowledged = receipt->sequence + 1;
          machine.clock.advance(std::chrono::milliseconds(600));
          store->keep_house();
        }
      }
      const bool was_met = machine.files.is_stopped();
      machine.files.crash(platform::SimCrash::from_seed(nth));
      machine.files.clear_faults();
      auto reopened = Store::open("store", opening);
      ASSERT_TRUE(reopened) << to_string(reopened.error());
      EXPECT_GE(reopened->frontier().durable, acknowledged);
      if (persist == Persist::before_acknowledgement && acknowledged > 0) {
        EXPECT_GE(reopened->frontier().witnessed, acknowledged);
      }
      if (!was_met) break;
    }
  }
}

// Every byte of the file: what is no such record is refused, what is another checkpoint is noticed.
TEST_F(WitnessTest, that_was_changed_anywhere_is_never_taken_for_a_witness_of_this_log) {
  Store store = open(creating());
  append(store, 5);
  must(store.close());
  const Bytes whole = must(machine_.files.read_file(witness_path));
  const std::size_t signatures = base::as_text(whole).find("\n\n");
  for (std::size_t i = 0; i < signatures; ++i) {
    Bytes changed = whole;
    changed[i] ^= std::byte{1};
    must(machine_.files.write_file(witness_path, changed));
    EXPECT_FALSE(try_open(existing())) << "byte " << i;
  }
}

}  // namespace
}  // namespace batpak::test
