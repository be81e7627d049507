// A machine that a store runs on, with a simulated disk and clock, and the ledger of what the store promised.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/ledger.hpp"
#include "platform/private_file.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "platform/temporary_directory.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::test {

using platform::SimCall;
using platform::SimCallRecord;
using platform::SimCrash;
using platform::SimFault;
using platform::SimFs;

using Files = std::map<std::string, Bytes>;

// The same key in every run: the one of RFC 8410, section 10.3.
inline std::shared_ptr<const SigningKey> test_key() {
  static const std::shared_ptr<const SigningKey> key = [] {
    const platform::TemporaryDirectory directory;
    const std::string path = directory / "key.pem";
    platform::write_private_file(path, base::as_bytes("-----BEGIN PRIVATE KEY-----\n"
                                                      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                                      "-----END PRIVATE KEY-----\n"))
        .value();
    return std::make_shared<const SigningKey>(SigningKey::load(path).value());
  }();
  return key;
}

// One store in "store", used by one thread, that keeps no house of its own.
class Machine {
 public:
  static constexpr const char* path = "store";

  Machine() : Machine(std::make_unique<SimFs>(), 1) {}
  Machine(std::unique_ptr<SimFs> files, std::uint64_t entropy_seed) : files_(std::move(files)), entropy_(entropy_seed) {}

  // Another machine in the same state, on which no store is open yet.
  [[nodiscard]] std::unique_ptr<Machine> fork() const {
    auto copy = std::make_unique<Machine>(files_->copy(), 1'000 + texts_);
    copy->ledger = ledger;
    copy->key = key;
    copy->previous_key = previous_key;
    copy->revocation = revocation;
    copy->recovery_key_hash = recovery_key_hash;
    copy->torn_tail = torn_tail;
    copy->segment_bytes = segment_bytes;
    copy->clock_.set_wall_microseconds(clock_.wall_microseconds());
    copy->texts_ = texts_;
    return copy;
  }

  [[nodiscard]] SimFs& files() { return *files_; }
  [[nodiscard]] platform::SimClock& clock() { return clock_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] bool is_open() const { return store_.has_value(); }
  // The store as it was when the process ended: its handle goes, and nothing of it reaches the disk any more.
  void end_process(const std::optional<SimCrash>& crash) {
    crash ? files_->crash(*crash) : files_->kill();
    store_.reset();
  }
  void kill() { end_process({}); }
  void crash(const SimCrash& crash) { end_process(crash); }

  Result<void> open() {
    store_.reset();
    OpenOptions options;
    options.key = key;
    options.previous_key = previous_key;
    options.revocation = revocation;
    options.recovery_key_hash = recovery_key_hash;
    options.segment_bytes = segment_bytes;
    options.torn_tail = torn_tail;
    options.file_system = files_.get();
    options.clock = &clock_;
    options.entropy = &entropy_;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    auto opened = Store::open(path, options);
    if (!opened) return std::unexpected(std::move(opened).error());
    store_.emplace(*std::move(opened));
    return {};
  }
  Result<void> append(std::string_view entity, Durability durability = Durability::durable, std::size_t text_bytes = 8) {
    const Entry entry{std::string(entity), next_text(text_bytes)};
    ledger.attempt({entry});
    auto receipt = store().append(where(entity), Note{entry.text}, {.durability = durability});
    if (!receipt) return answer(std::unexpected(std::move(receipt).error()), durability);
    return answer(std::vector{*std::move(receipt)}, durability);
  }
  Result<void> append_batch(std::size_t events, Durability durability = Durability::durable, std::size_t text_bytes = 8) {
    std::vector<Entry> entries;
    Batch batch;
    for (std::size_t i = 0; i < events; ++i) {
      entries.push_back({"batch:" + std::to_string(i % 3), next_text(text_bytes)});
      if (auto added = batch.add(where(entries.back().entity), Note{entries.back().text}); !added) return added;
    }
    ledger.attempt(entries);
    return answer(store().append_batch(std::move(batch), {.durability = durability}), durability);
  }
  Result<void> sync() {
    auto synced = store().sync();
    if (synced) ledger.promise_all();
    return synced;
  }
  Result<void> declare_heads() {
    auto declared = store().declare_heads();
    if (!declared) return std::unexpected(std::move(declared).error());
    ledger.promise_all();
    return {};
  }
  // Shows buffered events to a reader, for which they are written, and not synced.
  Result<void> read() {
    auto shown = store().snapshot();
    if (!shown) return std::unexpected(std::move(shown).error());
    return {};
  }
  // Time passes, then the store keeps house.
  Result<void> keep_house(std::chrono::nanoseconds after) {
    clock_.advance(after);
    store().keep_house();
    ledger.promise_up_to(store().frontier().durable);
    return {};
  }
  Result<void> close() {
    auto closed = store().close();
    if (closed) ledger.promise_all();
    return closed;
  }

  // Below the store's directory, with its contents; those in `under` only, where it is given.
  [[nodiscard]] Files read_files(std::string_view under = "") const {
    Files found;
    const std::string prefix = std::string(path) + "/";
    for (const std::string& name : files_->list_files()) {
      if (name.starts_with(prefix + std::string(under))) found[name.substr(prefix.size())] = files_->read_file(name).value();
    }
    return found;
  }
  [[nodiscard]] Bytes read_file(std::string_view name) const {
    return files_->read_file(std::string(path) + "/" + std::string(name)).value();
  }
  void write_file(std::string_view name, ByteView bytes) {
    files_->write_file(std::string(path) + "/" + std::string(name), bytes).value();
  }
  void remove_file(std::string_view name) { files_->remove_file(std::string(path) + "/" + std::string(name)).value(); }
  // Names of the segments, in order.
  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : read_files("log/")) {
      if (name.ends_with(".seg")) names.push_back(name);
    }
    return names;
  }

  [[nodiscard]] VerifyReport verify() const {
    VerifyOptions options;
    if (key) options.key = key->public_key();
    options.threads = 1;
    options.file_system = files_.get();
    return verify_directory(path, options).value();
  }

  Ledger ledger;
  std::shared_ptr<const SigningKey> key;
  std::shared_ptr<const SigningKey> previous_key;
  std::optional<KeyRevocation> revocation;
  std::optional<Hash> recovery_key_hash;
  TornTail torn_tail = TornTail::quarantine;
  std::uint64_t segment_bytes = 64ULL << 10;

 private:
  static Coordinate where(std::string_view entity) { return Coordinate::make(entity, "crash tests").value(); }

  std::string next_text(std::size_t bytes) {
    std::string text = std::to_string(texts_++) + " ";
    const char filler = static_cast<char>('a' + texts_ % 26);
    if (text.size() < bytes) text.append(bytes - text.size(), filler);
    return text;
  }
  Result<void> answer(Result<std::vector<Receipt>> receipts, Durability durability) {
    if (!receipts) {
      if (receipts.error().code != ErrorCode::outcome_unknown) ledger.refused();
      return std::unexpected(std::move(receipts).error());
    }
    ledger.accepted(*std::move(receipts), durability);
    return {};
  }

  std::unique_ptr<SimFs> files_;
  mutable platform::SimClock clock_;
  platform::SeededEntropy entropy_;
  std::optional<Store> store_;
  std::uint64_t texts_ = 0;
};

// The headers of the commits that stand in a segment one after the other.
inline std::vector<segment::CommitHeader> commits_in(ByteView segment) {
  std::vector<segment::CommitHeader> commits;
  segment::CommitWalker walker(segment, segment::SegmentHeader::decode(segment).value());
  for (auto step = walker.next(); step.commit; step = walker.next()) commits.push_back(step.commit->header);
  return commits;
}

inline std::string describe(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += std::string(to_string(finding.law)) + " " + finding.path + " " + finding.message + "\n";
  }
  return text;
}

// Whether the store comes back and is as good as new: it holds what it promised, takes events again, and verifies.
inline testing::AssertionResult comes_back(Machine& machine) {
  const auto failure = [](std::string_view doing, const Error& error) {
    return testing::AssertionFailure() << doing << ": " << to_string(error);
  };
  if (auto opened = machine.open(); !opened) return failure("open", opened.error());
  if (auto settled = machine.ledger.settle(machine.store()); !settled) return settled << " (first open)";
  if (auto done = machine.append("after"); !done) return failure("append", done.error());
  if (auto done = machine.append_batch(2, Durability::buffered); !done) return failure("append_batch", done.error());
  if (auto done = machine.close(); !done) return failure("close", done.error());
  const VerifyReport verified = machine.verify();
  if (!verified.clean()) return testing::AssertionFailure() << describe(verified.findings);
  const Files log = machine.read_files("log/");
  if (auto opened = machine.open(); !opened) return failure("open again", opened.error());
  if (auto settled = machine.ledger.settle(machine.store()); !settled) return settled << " (second open)";
  if (auto done = machine.close(); !done) return failure("close again", done.error());
  if (machine.read_files("log/") != log) return testing::AssertionFailure() << "opening and closing changed the log";
  return testing::AssertionSuccess();
}

using Step = std::function<Result<void>(Machine&)>;

// Does the steps until one fails; answers which one that was, or how many there are.
inline std::size_t run(Machine& machine, const std::vector<Step>& steps, std::size_t first = 0) {
  for (std::size_t step = first; step < steps.size(); ++step) {
    if (!steps[step](machine)) return step;
  }
  return steps.size();
}

// A bit of everything: a new store, durable and buffered events, batches, syncs, idle time, rotations,
// heads, closing, opening again.
inline std::vector<Step> bit_of_everything() {
  using namespace std::chrono_literals;
  constexpr auto buffered = Durability::buffered;
  constexpr auto durable = Durability::durable;
  return {
      [](Machine& m) { return m.open(); },
      [](Machine& m) { return m.append("alice"); },
      [](Machine& m) { return m.append("bob", buffered); },
      [](Machine& m) { return m.append("alice", buffered); },
      [](Machine& m) { return m.append_batch(3); },
      [](Machine& m) { return m.append("bob", buffered, 600); },
      [](Machine& m) { return m.sync(); },
      [](Machine& m) { return m.append("alice", buffered); },
      [](Machine& m) { return m.read(); },
      [](Machine& m) { return m.append("bob", buffered); },
      [](Machine& m) { return m.read(); },
      [](Machine& m) { return m.append("alice", buffered); },
      [](Machine& m) { return m.keep_house(60ms); },
      [](Machine& m) { return m.append("carol", durable, 15'000); },
      [](Machine& m) { return m.keep_house(200ms); },
      [](Machine& m) { return m.append_batch(2, buffered, 9'000); },
      [](Machine& m) { return m.keep_house(1ms); },
      [](Machine& m) { return m.append("carol", durable, 20'000); },
      [](Machine& m) { return m.append("alice"); },
      [](Machine& m) { return m.close(); },
      [](Machine& m) { return m.open(); },
      [](Machine& m) { return m.append("bob", buffered, 30'000); },
      [](Machine& m) { return m.append_batch(4, durable, 5'000); },
      [](Machine& m) { return m.append("alice"); },
      [](Machine& m) { return m.append("dave", buffered); },
      [](Machine& m) { return m.declare_heads(); },
      [](Machine& m) { return m.append("dave", buffered); },
      [](Machine& m) { return m.close(); },
  };
}

}  // namespace batpak::test
