#include "store/prover.hpp"

#include "base/try.hpp"

namespace batpak::store {
namespace {

using base::fail;

// The file is written anew when it lacks so many events, and so great a part of them.
constexpr std::uint64_t unsaved_min = 1U << 16U;
constexpr std::uint64_t unsaved_part = 4;

Result<void> check_size(std::uint64_t size, const Checkpoint& newest) {
  if (size <= newest.size) return {};
  return fail(ErrorCode::past_the_end,
              "the log has " + std::to_string(newest.size) + " events that are durable, not " + std::to_string(size));
}

// The root of an earlier size, shown to lead to the newest.
Result<Hash> root_of_earlier(const read::LogTree& tree, std::uint64_t size, const Checkpoint& newest) {
  BATPAK_TRY(const Hash root, proof::root_at(tree, size));
  BATPAK_TRY(const ConsistencyProof proof, proof::prove_consistency(tree, size, newest.size));
  BATPAK_CHECK(verify_consistency(proof, root, newest.root));
  return root;
}

}  // namespace

// Where the file's nodes do not lead to the newest root, those of the log itself must.
template <class Ask>
auto Prover::ask(const Checkpoint& newest, const Ask& ask) {
  const base::Lock lock(mutex_);
  if (!is_loaded_) {
    read::load_tree(*directory_, store_id_, newest.size, tree_);
    saved_ = tree_.size();
    is_loaded_ = true;
  }
  for (const bool is_last_try : {false, true}) {
    if (is_last_try) {
      tree_.clear();
      saved_ = 0;
    }
    if (const auto grown = tree_.grow(newest.size); !grown) return decltype(ask(tree_))(fail(grown.error()));
    auto answer = ask(tree_);
    if (answer || answer.error().code != ErrorCode::bad_proof) {
      save_grown();
      return answer;
    }
  }
  return decltype(ask(tree_))(fail(ErrorCode::corrupt, "the events of the log do not give the root of its checkpoint"));
}

void Prover::save_grown() {
  const std::uint64_t unsaved = tree_.size() - saved_;
  if (save_ == Save::never || unsaved < unsaved_min || unsaved < tree_.size() / unsaved_part) return;
  // A disk that has no room for it has none: the next process computes it again.
  static_cast<void>(read::save_tree(*directory_, store_id_, tree_));
  saved_ = tree_.size();
}

void Prover::save() {
  const base::Lock lock(mutex_);
  if (save_ == Save::never || tree_.size() == saved_) return;
  static_cast<void>(read::save_tree(*directory_, store_id_, tree_));
  saved_ = tree_.size();
}

Result<InclusionProof> Prover::prove_inclusion(std::uint64_t sequence, const Hash& event_hash, std::uint64_t size,
                                               const Checkpoint& newest) {
  BATPAK_CHECK(check_size(size, newest));
  if (sequence >= size) return fail(ErrorCode::past_the_end, "the event stands behind the size that was asked for");
  return ask(newest, [&](const read::LogTree& tree) -> Result<InclusionProof> {
    BATPAK_TRY(InclusionProof proof, proof::prove_inclusion(tree, sequence, size));
    BATPAK_TRY(const Hash root, root_of_earlier(tree, size, newest));
    BATPAK_CHECK(verify_inclusion(proof, event_hash, root));
    return proof;
  });
}

Result<ConsistencyProof> Prover::prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                                   const Checkpoint& newest) {
  BATPAK_CHECK(check_size(new_size, newest));
  if (old_size > new_size) return fail(ErrorCode::invalid_argument, "the older size is the larger one");
  return ask(newest, [&](const read::LogTree& tree) -> Result<ConsistencyProof> {
    BATPAK_TRY(ConsistencyProof proof, proof::prove_consistency(tree, old_size, new_size));
    BATPAK_TRY(const Hash old_root, root_of_earlier(tree, old_size, newest));
    BATPAK_TRY(const Hash new_root, root_of_earlier(tree, new_size, newest));
    BATPAK_CHECK(verify_consistency(proof, old_root, new_root));
    return proof;
  });
}

Result<Hash> Prover::root_at(std::uint64_t size, const Checkpoint& newest) {
  BATPAK_CHECK(check_size(size, newest));
  return ask(newest, [&](const read::LogTree& tree) { return root_of_earlier(tree, size, newest); });
}

}  // namespace batpak::store
