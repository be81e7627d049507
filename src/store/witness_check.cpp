#include "store/witness_check.hpp"

#include "base/try.hpp"
#include "store/prover.hpp"

namespace batpak::store {
namespace {

using base::fail;

std::string describe(const Checkpoint& checkpoint) {
  return std::to_string(checkpoint.size) + " events with the root " + to_string(checkpoint.root);
}

}  // namespace

Result<void> check_extends(const recovery::LogState& state, const Checkpoint& seen) {
  const Checkpoint today{.origin = state.meta.genesis.origin, .size = state.tree.size(), .root = state.tree.root()};
  const auto refuse = [&](ErrorCode code, std::string_view what) {
    return fail(code, std::string(what) + ": seen were " + describe(seen) + ", and the log has " + describe(today));
  };
  if (seen.size > today.size) return refuse(ErrorCode::rolled_back, "events are missing at the end of the log");
  Hash root = today.root;
  if (seen.size < today.size) {
    Prover prover(state.directory, state.store_id(), state.index, state.maps, Prover::Save::never);
    BATPAK_TRY(root, prover.root_at(seen.size, today));
  }
  if (root != seen.root) return refuse(ErrorCode::forked, "the log has another history");
  return {};
}

}  // namespace batpak::store
