// Recipe: a store with a key, its receipts, and what somebody with only the public key can check.
#include <batpak/batpak.hpp>

#include <cstdint>
#include <expected>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

struct Approved {
  std::string by;
};

namespace {

// [open]
batpak::Result<batpak::Store> open_signed(const std::string& directory, const std::string& key_file) {
  auto key = batpak::SigningKey::load(key_file);
  if (!key && key.error().code == batpak::ErrorCode::not_found) {
    key = batpak::SigningKey::generate();
    if (key) {
      if (auto saved = key->save(key_file); !saved) return std::unexpected(saved.error());  // a new file, mode 0600
    }
  }
  if (!key) return std::unexpected(key.error());
  batpak::OpenOptions options;
  options.origin = "example.com/approvals";  // what the log is called in its checkpoints, for ever
  options.key = std::make_shared<const batpak::SigningKey>(*std::move(key));
  return batpak::Store::open(directory, options);
}
// [/open]

// [receipt]
// What to keep outside of the store: the position of the event, and the signed checkpoint, a text of a few lines.
batpak::Result<std::string> approve(batpak::Store& store, const std::string& request, const std::string& by) {
  const auto where = batpak::Coordinate::make("request:" + request, "approvals");
  if (!where) return std::unexpected(where.error());
  const auto receipt = store.append(*where, Approved{.by = by});
  if (!receipt) return std::unexpected(receipt.error());
  if (auto held = store.verify_receipt(*receipt); !held) return std::unexpected(held.error());
  return format_note(receipt->checkpoint->checkpoint, receipt->checkpoint->signatures);
}
// [/receipt]

// [note]
// Somebody else, with the note and the key that `batpak key show --store` printed: is this really what the log said of itself?
batpak::Result<batpak::Checkpoint> check_note(const std::string& text, const std::string& verifier_key) {
  const auto key = batpak::VerifierKey::from_string(verifier_key);
  if (!key) return std::unexpected(key.error());
  const auto note = batpak::parse_note(text);
  if (!note) return std::unexpected(note.error());
  if (auto verified = verify_note(*note, *key); !verified) return std::unexpected(verified.error());
  if (note->checkpoint.origin != key->name()) {
    return std::unexpected(batpak::Error(batpak::ErrorCode::bad_signature, "the note is of another log"));
  }
  return note->checkpoint;  // origin, number of events, Merkle root
}
// [/note]

// [offline]
// The store's side: a text of some 2 kB for whoever asks.
batpak::Result<std::string> receipt_for_strangers(const batpak::Store& store, std::uint64_t sequence) {
  const auto receipt = store.proof(sequence);
  if (!receipt) return std::unexpected(receipt.error());
  return format_offline_receipt(*receipt);
}

// Their side, which needs the target batpak::verify only: the event's fields, or why the text proves nothing.
std::expected<batpak::ProvenEvent, batpak::ReceiptRefusal> check_receipt(const std::string& text,
                                                                         const std::string& verifier_key) {
  const auto key = batpak::VerifierKey::from_string(verifier_key);
  if (!key) return std::unexpected(batpak::ReceiptRefusal{batpak::ReceiptFault::wrong_key, key.error().message});
  const auto receipt = batpak::parse_offline_receipt(text);
  if (!receipt) return std::unexpected(receipt.error());
  return verify_offline_receipt(*receipt, *key);
}
// [/offline]

// [nightly]
// Recomputes everything from the bytes, the root of each commit and the signature of each stored checkpoint too.
batpak::Result<bool> check_store(const std::string& directory, const batpak::PublicKey& key) {
  const auto report = batpak::verify_directory(directory, {.key = key});
  if (!report) return std::unexpected(report.error());
  for (const batpak::Finding& finding : report->findings) {
    std::cerr << to_string(finding.law) << " in " << finding.path << ": " << finding.message << '\n';
  }
  std::cout << report->events << " events, " << report->checkpoints_verified << " signed checkpoints verified, "
            << report->findings.size() << " findings\n";
  return report->clean();
}
// [/nightly]

batpak::Result<void> run(const std::string& directory) {
  auto store = open_signed(directory, directory + ".key");
  if (!store) return std::unexpected(store.error());
  const auto note = approve(*store, "17", "alice");
  if (!note) return std::unexpected(note.error());
  std::cout << *note;

  const batpak::PublicKey key = *store->declared_key();
  const auto named = batpak::VerifierKey::make(store->origin(), key);
  if (!named) return std::unexpected(named.error());
  const auto checkpoint = check_note(*note, to_string(*named));
  if (!checkpoint) return std::unexpected(checkpoint.error());
  std::cout << "the note is by the key of " << checkpoint->origin << " and covers " << checkpoint->size << " events\n";

  const auto receipt = receipt_for_strangers(*store, checkpoint->size - 1);
  if (!receipt) return std::unexpected(receipt.error());
  const auto proven = check_receipt(*receipt, to_string(*named));
  if (!proven) return std::unexpected(batpak::Error(batpak::ErrorCode::bad_proof, proven.error().message));
  std::cout << "proven: event " << proven->sequence << " of " << proven->entity << '\n';

  if (auto closed = store->close(); !closed) return std::unexpected(closed.error());
  const auto clean = check_store(directory, key);
  if (!clean) return std::unexpected(clean.error());
  if (!*clean) return std::unexpected(batpak::Error(batpak::ErrorCode::corrupt, "the store has findings"));
  return {};
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "approvals.batpak");
  if (!done) {
    std::cerr << "signed_log: " << done.error() << '\n';
    return 1;
  }
}
