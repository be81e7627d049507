// The model and the store's code make the same calls in the same order, and lay down the same commits with the same claims.
//
// Both go through one scenario, the store on a simulated disk; after each part their calls that modify something are compared,
// and the commits that stand in the log. Whoever changes one side alone learns it here.
#include <gtest/gtest.h>

#include "crash/machine.hpp"
#include "model/moves.hpp"
#include "model/reading.hpp"
#include "model/story.hpp"

namespace batpak::test {
namespace {

using namespace std::chrono_literals;
using model::Call;
using Kind = model::Move::Kind;
using Lines = std::vector<std::string>;

// Calls of the simulated disk in the words of the model.
class CallNames {
 public:
  // The segments as they are called when the calls are made.
  Lines of(const std::vector<SimCallRecord>& calls, const std::vector<std::string>& segments) {
    segments_ = segments;
    Lines lines;
    for (const SimCallRecord& call : calls) {
      // `live` is made when it is not there, and the model has no file of that name.
      if (call.call == SimCall::create && call.path == "store/live") continue;
      if (platform::modifies(call.call)) lines.push_back(of(call));
    }
    return lines;
  }

 private:
  std::string of(const SimCallRecord& call) {
    switch (call.call) {
      case SimCall::lock: return "lock";
      case SimCall::make_directory:
        if (call.path == "store") return "make store directory";
        return call.path == "store/log" ? "make log directory" : "make directory quarantine";
      case SimCall::create:
        if (call.path == next_path) next_ = Next::made;
        return "create " + thing(call.path);
      case SimCall::remove: return "remove " + thing(call.path);
      case SimCall::rename:
        if (call.path != next_path) return "rename " + thing(call.path) + " to store.meta";
        next_ = Next::named;
        return "rename next segment to " + newest_segment();
      case SimCall::sync_directory: {
        const std::string name = call.path == "store" ? "." : call.path.substr(std::string_view("store/").size());
        return "sync directory " + name;
      }
      case SimCall::write:
        if (call.path == next_path && call.offset == 0) next_ = Next::has_header;
        return "write " + open_thing(call.path);
      case SimCall::sync: return "sync " + open_thing(call.path);
      case SimCall::truncate: return "truncate " + open_thing(call.path);
      case SimCall::allocate: return "allocate " + thing(call.path);
      default: return "unknown call of " + call.path;
    }
  }

  std::string thing(const std::string& path) const {
    if (path == next_path) return "next segment";
    if (path == "store/store.meta.tmp") return "next store.meta";
    if (path == "store/live") return "live";
    if (path.starts_with("store/quarantine/")) return "copy of the tail";
    const auto found = std::ranges::find(segments_, path.substr(std::string_view("store/").size()));
    return found == segments_.end() ? path : "segment " + std::to_string(found - segments_.begin());
  }
  // A handle keeps the name it was opened by: the newest segment is still called the next one there.
  std::string open_thing(const std::string& path) const {
    return path == next_path && next_ != Next::has_header ? newest_segment() : thing(path);
  }
  std::string newest_segment() const { return "segment " + std::to_string(segments_.size() - 1); }

  static constexpr std::string_view next_path = "store/log/next.tmp";
  std::vector<std::string> segments_;
  enum class Next : std::uint8_t { made, has_header, named } next_ = Next::named;
};

// Commits of a log, each with its type and how much of the log it says is durable.
std::string line_of(std::string_view type, std::uint64_t segment, std::uint64_t durable_segment,
                    std::size_t durable_commits) {
  return std::string(type) + " in segment " + std::to_string(segment) +
         ", says durable: " + std::to_string(durable_commits) + " commits up to segment " + std::to_string(durable_segment);
}

Lines commits_of(const Machine& machine) {
  constexpr std::array<std::string_view, 4> types = {"", "events", "mark", "seal"};
  std::vector<segment::CommitHeader> commits;
  for (const std::string& path : machine.segments()) {
    for (const auto& commit : commits_in(machine.read_file(path))) commits.push_back(commit);
  }
  Lines lines;
  for (const segment::CommitHeader& commit : commits) {
    const auto before =
        std::ranges::count_if(commits, [&](const auto& other) { return other.end() <= commit.durable_through; });
    lines.push_back(line_of(types.at(static_cast<std::size_t>(commit.type)), commit.segment, commit.durable_through.segment,
                            static_cast<std::size_t>(before)));
  }
  return lines;
}

Lines commits_of(const model::State& state) {
  constexpr std::array<std::string_view, 3> types = {"events", "mark", "seal"};
  std::vector<std::uint8_t> numbers;
  static_cast<void>(model::readable_without_owner(state, {}, numbers));
  Lines lines;
  for (const std::uint8_t number : numbers) {
    const model::Commit& commit = state.commits[number];
    const auto before = std::ranges::count_if(
        numbers, [&](std::uint8_t other) { return state.commits[other].end() <= commit.durable_through; });
    lines.push_back(line_of(types.at(static_cast<std::size_t>(commit.type)), commit.start.segment,
                            commit.durable_through.segment, static_cast<std::size_t>(before)));
  }
  return lines;
}

class SameCalls : public testing::Test {
 protected:
  static constexpr std::size_t half_a_segment = 26'000;

  // One part of a scenario, on both sides. Durable appends are an append and a sync to the model.
  void open() {
    ASSERT_TRUE(machine_.open());
    take(Kind::open);
    compare("open");
  }
  void append(std::size_t text_bytes = 8) {
    ASSERT_TRUE(machine_.append("alice", Durability::durable, text_bytes));
    take(Kind::append, 1);
    take(Kind::sync);
    compare("append");
  }
  void append_into_next_segment() {
    ASSERT_TRUE(machine_.append("alice", Durability::durable, half_a_segment));
    take(Kind::rotate);
    take(Kind::append, 1);
    take(Kind::sync);
    compare("append into the next segment");
  }
  void be_idle() {
    ASSERT_TRUE(machine_.keep_house(200ms));
    take(Kind::idle_mark);
    compare("be idle");
  }
  void close() {
    ASSERT_TRUE(machine_.close());
    take(Kind::close);
    compare("close");
  }
  void kill() {
    machine_.kill();
    machine_.files().clear_faults();
    machine_.files().clear_calls();
    take(Kind::kill);
    calls_.clear();
  }
  // The next call of this kind, on a file of that name, is never made: the process is killed first.
  void stop_at(SimCall call, std::string_view path, std::uint64_t nth = 1) {
    machine_.files().inject({.call = call,
                             .path_contains = std::string(path),
                             .nth = nth,
                             .effect = SimFault::Effect::stop,
                             .reached_seed = {}});
  }
  // Of that write to a file of that name 500 bytes arrive.
  void tear(std::string_view path, std::uint64_t nth = 1) {
    machine_.files().inject({.call = SimCall::write,
                             .path_contains = std::string(path),
                             .nth = nth,
                             .effect = SimFault::Effect::stop,
                             .bytes_written = 500,
                             .reached_seed = {}});
  }
  void kill_in_a_torn_commit() {
    take(Kind::append, 2, Call::write_commit);
    take(Kind::cut_short);
    machine_.kill();
    machine_.files().clear_calls();
    calls_.clear();
  }

  void take(Kind kind, std::uint8_t detail = 0, std::optional<Call> until = std::nullopt) {
    for (const model::Step& step :
         model::carry_out(state_, {.kind = kind, .detail = detail, .sector = 0, .step = {}}, until)) {
      if (step.call == Call::create_live) continue;
      std::string line = describe(step);
      if (step.call == Call::write_commit || step.call == Call::write_again) {
        const unsigned segment = step.call == Call::write_again ? step.a : state_.commits[step.a].start.segment;
        line = "write segment " + std::to_string(segment);
      }
      calls_.push_back(line);
    }
  }
  void compare(std::string_view part) {
    SCOPED_TRACE(part);
    EXPECT_EQ(names_.of(machine_.files().calls(), machine_.segments()), calls_);
    EXPECT_EQ(commits_of(machine_), commits_of(state_));
    machine_.files().clear_calls();
    calls_.clear();
  }

  Machine machine_;
  CallNames names_;
  model::State state_;
  Lines calls_;  // of the model, since the last comparison
};

TEST_F(SameCalls, from_the_first_opening_to_the_last_closing) {
  open();
  append();
  be_idle();
  append(half_a_segment);
  append_into_next_segment();
  be_idle();
  close();
  open();
  append();
  close();
  open();
  close();
}

TEST_F(SameCalls, for_buffered_events_that_are_synced_later) {
  open();
  ASSERT_TRUE(machine_.append("alice", Durability::buffered));
  ASSERT_TRUE(machine_.sync());
  take(Kind::append, 1);
  take(Kind::sync);
  compare("sync");
  ASSERT_TRUE(machine_.append("alice", Durability::buffered));
  ASSERT_TRUE(machine_.close());
  take(Kind::append, 1);
  take(Kind::close);
  compare("close");
}

TEST_F(SameCalls, when_the_directory_was_left_in_the_middle_of_its_creation) {
  stop_at(SimCall::rename, "store.meta");
  ASSERT_FALSE(machine_.open());
  take(Kind::open, 0, Call::rename_next_meta);
  kill();
  open();
}

TEST_F(SameCalls, when_an_event_was_not_known_to_be_durable) {
  open();
  append();
  kill();
  open();
  append();
  be_idle();
  kill();
  open();
}

TEST_F(SameCalls, when_a_sync_failed) {
  open();
  machine_.files().inject({.call = SimCall::sync, .path_contains = {}, .reached_seed = {}});
  ASSERT_FALSE(machine_.append("alice"));
  take(Kind::append, 1);
  take(Kind::sync, 0, Call::sync_data);
  take(Kind::fail);
  machine_.kill();
  machine_.files().clear_calls();
  calls_.clear();
  open();
}

TEST_F(SameCalls, when_there_is_a_torn_tail) {
  open();
  append();
  tear(".seg");
  ASSERT_FALSE(machine_.append("alice", Durability::durable, 600));
  kill_in_a_torn_commit();
  open();
  append();
}

TEST_F(SameCalls, when_a_change_of_segments_stopped_before_the_seal) {
  open();
  append(half_a_segment);
  stop_at(SimCall::truncate, ".seg");
  ASSERT_FALSE(machine_.append("alice", Durability::durable, half_a_segment));
  take(Kind::rotate, 0, Call::cut);
  kill();
  open();
  append();
  close();
}

TEST_F(SameCalls, when_a_change_of_segments_stopped_behind_the_seal) {
  open();
  append(half_a_segment);
  stop_at(SimCall::write, "next.tmp", 2);  // the first is the header
  ASSERT_FALSE(machine_.append("alice", Durability::durable, half_a_segment));
  take(Kind::rotate);
  kill();
  open();
  append();
  close();
}

TEST_F(SameCalls, when_a_segments_first_commit_is_torn) {
  open();
  append(half_a_segment);
  tear("next.tmp", 2);  // the first is the header
  ASSERT_FALSE(machine_.append("alice", Durability::durable, half_a_segment));
  take(Kind::rotate);
  kill_in_a_torn_commit();
  open();
  append();
}

}  // namespace
}  // namespace batpak::test
