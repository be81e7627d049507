// Declarations of heads, and the proofs that nothing was left out, compared with what a program appended.
#pragma once

#include "batpak/stream_proof.hpp"
#include "simulation/appends.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

class Heads {
 public:
  explicit Heads(World& world) : world_(world) {}

  void declare() {
    const bool poisoned = world_.poisoned;
    world_.untouched = false;
    world_.appended = true;
    const std::uint64_t accepted = world_.oracle.accepted_size();
    const auto receipt = world_.store->declare_heads();
    world_.trace("heads: ", receipt ? "sequence " + std::to_string(receipt->sequence) : to_string(receipt.error()));
    if (receipt) {
      require(!poisoned, "a poisoned store declares heads");
      require(receipt->sequence >= accepted, "heads are declared before what was accepted");
      return world_.oracle.declared(*receipt);
    }
    require(world_.excused(), "heads are not declared without a reason: " + to_string(receipt.error()));
    switch (receipt.error().code) {
      case ErrorCode::outcome_unknown:
      case ErrorCode::poisoned: world_.poisoned = true; return;
      default: return;  // what cannot be read, or was not written, poisons nothing
    }
  }

  // Of one who asks while nobody appends.
  void declare_and_prove() {
    declare();
    prove();
  }
  void prove() {
    const std::string entity = Appends::entity(world_.random.below(Appends::entities + 1));
    const auto proof = world_.store->prove_stream(entity);
    world_.trace("proof of ", entity, ": ", outcome(proof));
    if (!proof) {
      const ErrorCode code = proof.error().code;
      const bool none = code == ErrorCode::no_heads || code == ErrorCode::key_required;
      return require(none || world_.excused() || world_.poisoned, "a proof is not given: " + to_string(proof.error()));
    }
    // By the key in force at the size of its checkpoint, which an unreachable signer leaves behind.
    const KeyChain keys{.origin = world_.store->origin(), .spans = world_.store->keys(), .recovery_key_hash = {}};
    const auto parsed = parse_stream_proof(format_stream_proof(*proof));
    require(parsed.has_value(), "a proof is not read again");
    const auto proven = verify_stream_proof(*parsed, keys);
    require(proven.has_value(), proven ? "" : "a proof does not verify: " + proven.error().message);
    std::vector<std::uint64_t> expected;
    if (const auto stream = world_.oracle.streams().find(entity); stream != world_.oracle.streams().end()) {
      expected.assign(stream->second.begin(), std::ranges::lower_bound(stream->second, proven->log_size));
    }
    require(proven->events.size() == expected.size(), "a proof has " + std::to_string(proven->events.size()) +
                                                          " events of " + entity + ", and there are " +
                                                          std::to_string(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      require(proven->events[i].sequence == expected[i], "a proof has another event of " + entity);
    }
    ++world_.counts.stream_proofs;
  }

 private:
  World& world_;
};

}  // namespace batpak::test
