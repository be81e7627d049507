#include "model/exploration.hpp"

#include <algorithm>

#include "model/packing.hpp"
#include "model/story.hpp"

namespace batpak::model {
namespace {

// Fingerprints of the states met so far. Two states with one fingerprint count as one; with ten million states that happens
// once in 400,000 runs.
class Met {
 public:
  Met() : table_(1U << 16U) {}
  // Whether it was new.
  bool add(std::uint64_t fingerprint) {
    if (fingerprint == 0) fingerprint = 1;
    if ((count_ + 1) * 10 > table_.size() * 7) grow();
    if (!put(table_, fingerprint)) return false;
    ++count_;
    return true;
  }

 private:
  static bool put(std::vector<std::uint64_t>& table, std::uint64_t fingerprint) {
    const std::size_t mask = table.size() - 1;
    for (std::size_t at = fingerprint & mask;; at = (at + 1) & mask) {
      if (table[at] == fingerprint) return false;
      if (table[at] != 0) continue;
      table[at] = fingerprint;
      return true;
    }
  }
  void grow() {
    std::vector<std::uint64_t> larger(table_.size() * 2);
    for (const std::uint64_t fingerprint : table_) {
      if (fingerprint != 0) put(larger, fingerprint);
    }
    table_ = std::move(larger);
  }

  std::vector<std::uint64_t> table_;
  std::size_t count_ = 0;
};

// How a state was first met: from which one, by which of its moves.
struct Origin {
  std::uint32_t from = 0;
  std::uint32_t move = 0;
};

// States waiting for their moves, one behind the other.
class Queue {
 public:
  void push(std::span<const std::uint8_t> state) {
    bytes_.push_back(static_cast<std::uint8_t>(state.size() & 255U));
    bytes_.push_back(static_cast<std::uint8_t>(state.size() >> 8U));
    bytes_.insert(bytes_.end(), state.begin(), state.end());
  }
  std::span<const std::uint8_t> pop() {
    const std::size_t size = bytes_[at_] + 256U * bytes_[at_ + 1];
    at_ += 2 + size;
    return {bytes_.data() + at_ - size, size};
  }
  [[nodiscard]] bool empty() const { return at_ == bytes_.size(); }
  void clear() {
    bytes_.clear();
    at_ = 0;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

class Explorer {
 public:
  Explorer(const Bounds& bounds, const Rules& rules, std::uint64_t states_max)
      : bounds_(bounds), rules_(rules), states_max_(states_max) {}

  Exploration run() {
    pack(State{}, bytes_);
    met_.add(fingerprint(bytes_));
    origins_.push_back({});
    now_.push(bytes_);
    std::uint32_t number = 0;
    while (!now_.empty() && !result_.counterexample && result_.complete) {
      ++result_.moves;
      while (!now_.empty() && !result_.counterexample && result_.complete) expand(number++);
      now_.clear();
      std::swap(now_, later_);
    }
    result_.states = origins_.size();
    return result_;
  }

 private:
  void expand(std::uint32_t number) {
    const State state = unpack(now_.pop());
    std::uint32_t move = 0;
    for_each_move(state, bounds_, rules_, [&](const Move&, State&& after, Violation violation) {
      ++result_.transitions;
      const std::uint32_t this_move = move++;
      if (result_.counterexample) return;
      if (violation != nullptr) {
        result_.counterexample = {.violation = violation, .story = tell({number, this_move})};
        return;
      }
      pack(after, bytes_);
      if (!met_.add(fingerprint(bytes_))) return;
      origins_.push_back({number, this_move});
      later_.push(bytes_);
      if (origins_.size() >= states_max_) result_.complete = false;
    });
  }

  // Goes the way once more, from the beginning.
  std::vector<std::string> tell(const Origin& last) const {
    std::vector<std::uint32_t> way{last.move};
    for (std::uint32_t at = last.from; at != 0; at = origins_[at].from) way.push_back(origins_[at].move);
    std::ranges::reverse(way);
    std::vector<std::string> story;
    State state;
    std::vector<std::uint8_t> bytes;
    for (const std::uint32_t wanted : way) {
      std::uint32_t number = 0;
      State next;
      for_each_move(state, bounds_, rules_, [&](const Move& move, State&& after, Violation) {
        if (number++ != wanted) return;
        story.push_back(describe(state, move, after));
        next = after;
      });
      pack(next, bytes);
      state = unpack(bytes);
    }
    return story;
  }

  const Bounds& bounds_;
  const Rules& rules_;
  const std::uint64_t states_max_;
  Met met_;
  std::vector<Origin> origins_;
  Queue now_;
  Queue later_;
  std::vector<std::uint8_t> bytes_;
  Exploration result_;
};

}  // namespace

std::string to_string(const Counterexample& counterexample) {
  std::string text;
  for (const std::string& line : counterexample.story) text += line + "\n";
  return text + "=> " + counterexample.violation + "\n";
}

Exploration explore(const Bounds& bounds, const Rules& rules, std::uint64_t states_max) {
  return Explorer(bounds, rules, states_max).run();
}

}  // namespace batpak::model
