#include "audit/known_checkpoints.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "event/store_meta.hpp"
#include "proof/merkle.hpp"
#include "proof/offline_receipt.hpp"

namespace batpak::audit {
namespace {

std::string describe(const KnownCheckpoint& known) {
  return "the checkpoint of " + std::to_string(known.checkpoint.size) + " events in '" + known.name + "'";
}

// The keys whose signature counts under a checkpoint of this size: the one given; and the last one before its end that the log
// declares and that those before it handed over to. That a key was revoked later does not matter here: the size and root which it
// signed are compared with the log, and what was kept from before a leak is what speaks for the log after it.
std::vector<PublicKey> keys_for(std::uint64_t size, const PublicKey& given, const std::vector<KeySpan>& spans) {
  std::vector<PublicKey> keys{given};
  const KeySpan* in_force = nullptr;
  for (const KeySpan& span : spans) {
    if (span.covered_by && span.from < size) in_force = &span;
  }
  if (in_force == nullptr || in_force->key == given.bytes()) return keys;
  if (const auto key = PublicKey::from_bytes(in_force->key)) keys.push_back(*key);
  return keys;
}

// Why the note's signature is not that of one of the keys; nothing where it is.
std::optional<std::string> refuse_signature(const CheckpointNote& note, std::span<const PublicKey> keys) {
  bool is_signed = false;
  for (const PublicKey& key : keys) {
    const auto named = VerifierKey::make(note.checkpoint.origin, key);
    const auto verified = named ? proof::verify_log_signature(note, *named) : std::unexpected(ReceiptRefusal{});
    if (!verified && verified.error().fault == ReceiptFault::bad_signature) return "has a signature that does not verify";
    is_signed = is_signed || verified;
  }
  if (is_signed) return std::nullopt;
  return "is signed neither by the key given for verifying nor by the one that the log had at that size";
}

}  // namespace

KnownCheckpoints::KnownCheckpoints(FindingList& findings, std::span<const KnownCheckpoint> known)
    : findings_(findings), known_(known) {
  for (const KnownCheckpoint& checkpoint : known) {
    by_size_.push_back(&checkpoint);
    if (checkpoint.event) by_sequence_.push_back(&checkpoint);
  }
  std::ranges::stable_sort(by_size_, {}, [](const KnownCheckpoint* one) { return one->checkpoint.size; });
  find_next();
  check_root({.path = event::store_meta_name}, 0, proof::RightEdge{}.root());
}

void KnownCheckpoints::add(Law law, const Place& place, std::string message, const KnownCheckpoint& known) {
  Finding finding = make_finding(law, place, std::move(message));
  finding.known = static_cast<std::size_t>(&known - known_.data());
  findings_.add(std::move(finding));
}

void KnownCheckpoints::find_next() {
  next_size_ = checked_ == by_size_.size() ? ~std::uint64_t{0} : by_size_[checked_]->checkpoint.size;
}

void KnownCheckpoints::check_root(const Place& place, std::uint64_t size, const std::optional<Hash>& root) {
  for (; ask_for(size) && checked_ < by_size_.size(); ++checked_, find_next()) {
    const KnownCheckpoint& known = *by_size_[checked_];
    if (!root || known.checkpoint.size != size) {
      add(Law::forked, place, describe(known) + " cannot be compared, for events before its end are lost", known);
    } else if (*root != known.checkpoint.root) {
      add(Law::forked, place,
          "the log has another history than " + describe(known) + ": its root is " + to_string(*root) + " and not " +
              to_string(known.checkpoint.root),
          known);
    } else {
      held_.push_back(known.name);
    }
  }
}

void KnownCheckpoints::check_event(const Place& place, std::uint64_t sequence, const Hash& event_hash) {
  for (const KnownCheckpoint* known : by_sequence_) {
    if (known->event->sequence != sequence || known->event->event_hash == event_hash) continue;
    add(Law::forked, place, "the event is not the one of the receipt in '" + known->name + "'", *known);
    refused_.push_back(known);
  }
}

void KnownCheckpoints::finish(const std::string& origin, const Place& end, std::uint64_t size) {
  for (const KnownCheckpoint* known : by_sequence_) {
    if (known->event->sequence < known->checkpoint.size) continue;
    add(Law::forked, end,
        "the receipt in '" + known->name + "' is of event " + std::to_string(known->event->sequence) + ", which " +
            describe(*known) + " does not cover",
        *known);
    refused_.push_back(known);
  }
  for (; checked_ < by_size_.size(); ++checked_) {
    add(Law::rolled_back, end,
        "the log ends with " + std::to_string(size) + " events, before " + describe(*by_size_[checked_]),
        *by_size_[checked_]);
  }
  for (const KnownCheckpoint* known : by_size_) {
    if (origin.empty() || known->checkpoint.origin == origin) continue;  // a genesis event that is lost is said to be
    add(Law::forked, {.path = event::store_meta_name},
        describe(*known) + " is of the log '" + known->checkpoint.origin + "'", *known);
    refused_.push_back(known);
  }
  for (const KnownCheckpoint* known : refused_) std::erase(held_, known->name);
}

void check_known_signatures(FindingList& findings, const VerifyOptions& options, VerifyReport& report) {
  if (!options.key) return;
  for (const KnownCheckpoint& known : options.against) {
    // A witness file of a store without a key has no signatures, and that of another may have been written before there was one.
    if (!known.note || known.note->signatures.empty()) continue;
    // The keys that the log names count only where the key given is among those that signed it, for anybody can write a log that
    // names keys. Where that one does not speak for the log, no checkpoint of it was verified.
    const auto keys = report.checkpoints_verified > 0 ? keys_for(known.checkpoint.size, *options.key, report.keys)
                                                      : std::vector<PublicKey>{*options.key};
    const auto refused = known.note->checkpoint == known.checkpoint
                             ? refuse_signature(*known.note, keys)
                             : std::optional<std::string>("is not the one that is signed");
    if (refused) {
      Finding finding = make_finding(Law::known_signature, {}, describe(known) + " " + *refused);
      finding.known = static_cast<std::size_t>(&known - options.against.data());
      findings.add(std::move(finding));
      std::erase(report.known_checkpoints_held, known.name);
    } else {
      report.known_signatures_verified.push_back(known.name);
    }
  }
}

void explain_known(FindingList& findings, const VerifyOptions& options,
                   const std::optional<std::array<std::byte, 16>>& store_id, VerifyReport& report) {
  for (std::size_t i = 0; i < options.against.size(); ++i) {
    const KnownCheckpoint& known = options.against[i];
    if (store_id && known.store_id && *known.store_id != *store_id) {
      std::erase_if(findings.findings(), [&](const Finding& finding) { return finding.known == i; });
      std::erase(report.known_checkpoints_held, known.name);
      std::erase(report.known_signatures_verified, known.name);
      Finding finding = make_finding(Law::forked, {.path = event::store_meta_name},
                                     "'" + known.name + "' is the witness file of another store, " +
                                         base::to_hex(*known.store_id) + " ('" + known.checkpoint.origin +
                                         "'); this one is " + base::to_hex(*store_id) + " ('" + report.origin + "')");
      finding.known = i;
      findings.add(std::move(finding));
      continue;
    }
    const auto given_up = std::ranges::find(report.restores, known.checkpoint, &AcceptedRestore::given_up);
    if (given_up == report.restores.end()) continue;
    for (Finding& finding : findings.findings()) {
      if (finding.known != i || (finding.law != Law::forked && finding.law != Law::rolled_back)) continue;
      finding.message += "; event " + std::to_string(given_up->sequence) + " says that it was given up";
    }
  }
}

}  // namespace batpak::audit
