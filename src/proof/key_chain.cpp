#include "proof/key_chain.hpp"

#include <algorithm>

#include "event/frame_layout.hpp"
#include "event/store_events.hpp"
#include "proof/key_history.hpp"
#include "proof/line_reader.hpp"
#include "proof/offline_receipt.hpp"

namespace batpak {
namespace {

constexpr std::string_view first_line = "batpak-key-chain@v1";
constexpr std::string_view receipt_mark = "receipt ";

std::unexpected<ReceiptRefusal> refuse(ReceiptFault fault, std::string why) {
  return std::unexpected(ReceiptRefusal{.fault = fault, .message = std::move(why)});
}

std::unexpected<ReceiptRefusal> broken(std::uint64_t sequence, std::string_view why) {
  return refuse(ReceiptFault::broken_chain, "the key event " + std::to_string(sequence) + " " + std::string(why));
}

// Follows the changes in the order of the log, from the genesis event on. Each must link to the one before it in the stream of
// keys, so that none is left out, and each checkpoint must be signed by those who have to sign it.
//
// Anybody can write a log that declares the key which the caller knows, and have it revoked by a recovery key of their own. So
// that key counts only if it has signed itself: its signature binds, by root and links, all that was declared before it.
class Chain {
 public:
  explicit Chain(const VerifierKey& known) : known_(known) {}

  std::expected<void, ReceiptRefusal> take(const OfflineReceipt& receipt) {
    if (receipt.note.checkpoint.origin != known_.name()) {
      return refuse(ReceiptFault::unknown_origin, "the chain is of the log " + receipt.note.checkpoint.origin);
    }
    const auto event = proof::verify_event(receipt);
    if (!event) return std::unexpected(event.error());
    if (auto placed = check_place(*event); !placed) return placed;
    const Checkpoint& checkpoint = receipt.note.checkpoint;
    if (last_ && checkpoint != last_->note.checkpoint) {
      if (event->sequence < last_->note.checkpoint.size)
        return broken(event->sequence, "is missing under an earlier checkpoint");
      if (auto ended = end_checkpoint(); !ended) return ended;
    }
    if (event->kind == event::Genesis::kind) {
      const auto genesis = event::read_store_event<event::Genesis>(*event->payload);
      if (!genesis || genesis->origin != known_.name()) {
        return refuse(ReceiptFault::unknown_origin, "the chain begins with the genesis event of another log");
      }
    }
    if (auto taken = history_.take(event->kind, *event->payload, event->sequence, known_.name()); !taken) {
      return broken(event->sequence, "is not a change that may be made: " + taken.error().message);
    }
    last_ = Last{.event = *event, .note = receipt.note};
    return {};
  }

  std::expected<KeyChain, ReceiptRefusal> finish() {
    if (!last_) return refuse(ReceiptFault::malformed, "the chain holds no key");
    if (auto ended = end_checkpoint(); !ended) return std::unexpected(ended.error());
    if (!history_.knows(known_.key().bytes())) {
      return refuse(ReceiptFault::wrong_key, "the chain does not hold the key " + to_string(known_));
    }
    if (!known_has_signed_) {
      return refuse(ReceiptFault::wrong_key,
                    "the chain names the key " + to_string(known_) + ", which has signed nothing of it");
    }
    return KeyChain{.origin = known_.name(), .spans = history_.spans(), .recovery_key_hash = history_.recovery_key_hash()};
  }

 private:
  struct Last {
    ProvenEvent event;
    CheckpointNote note;
  };

  [[nodiscard]] std::expected<void, ReceiptRefusal> check_place(const ProvenEvent& event) const {
    const std::uint64_t sequence = event.sequence;
    if (event.kind == event::Genesis::kind && event.entity != event::Genesis::entity)
      return broken(sequence, "is in a wrong place");
    if (event.kind != event::Genesis::kind && event.entity != event::KeyDeclaration::entity) {
      return broken(sequence, "is in a wrong place");
    }
    if (event.scope != event::store_scope || event.lane != 0 || event.payload_version != 1)
      return broken(sequence, "is in a wrong place");
    if (!event.payload) return broken(sequence, "does not show what it says");
    if (!proof::KeyHistory::concerns(event.kind) || (event.kind == event::Genesis::kind) != !last_) {
      return broken(sequence, "is of a kind that does not belong here");
    }
    if (!last_) {
      if (sequence != 0 || event.stream_version != 0 || event.previous_hash != Hash{}) {
        return broken(sequence, "is none that a log begins with");
      }
      return {};
    }
    // The first event of the stream of keys links to the genesis event, each other one to the one before it.
    const std::uint64_t version = last_->event.kind == event::Genesis::kind ? 0 : last_->event.stream_version + 1;
    if (event.stream_version != version || event.previous_hash != last_->event.event_hash) {
      return broken(sequence, "does not follow the one before it");
    }
    return {};
  }

  [[nodiscard]] std::expected<void, ReceiptRefusal> end_checkpoint() {
    const std::uint64_t size = last_->note.checkpoint.size;
    for (const proof::KeyHistory::KeyBytes& bytes : history_.signers_of(size, history_.stored_size())) {
      const auto key = PublicKey::from_bytes(bytes);
      const auto verifier = key ? VerifierKey::make(known_.name(), *key) : Result<VerifierKey>(std::unexpected(key.error()));
      if (!verifier) return refuse(ReceiptFault::wrong_key, verifier.error().message);
      if (auto verified = proof::verify_log_signature(last_->note, *verifier); !verified) return verified;
      known_has_signed_ = known_has_signed_ || bytes == known_.key().bytes();
    }
    history_.store(size);
    return {};
  }

  const VerifierKey& known_;
  proof::KeyHistory history_;
  std::optional<Last> last_;
  bool known_has_signed_ = false;
};

Result<std::vector<OfflineReceipt>> parse(std::string_view text) {
  proof::LineReader lines(text, "the key chain");
  std::vector<OfflineReceipt> receipts;
  auto head = lines.next();
  if (!head) return std::unexpected(std::move(head).error());
  if (*head != first_line) return lines.refuse("is not " + std::string(first_line));
  while (!lines.at_end()) {
    auto mark = lines.next();
    if (!mark) return std::unexpected(std::move(mark).error());
    if (!mark->starts_with(receipt_mark)) return lines.refuse("does not say how long a receipt follows");
    const auto size = proof::parse_decimal(mark->substr(receipt_mark.size()));
    if (!size || *size > text.size() - lines.offset()) return lines.refuse("names another length than that of a receipt");
    if (receipts.size() == KeyChain::changes_max) return lines.refuse("is one receipt more than a chain has");
    auto receipt = parse_offline_receipt(text.substr(lines.offset(), *size));
    if (!receipt) return lines.refuse("is followed by what is no receipt: " + receipt.error().message);
    receipts.push_back(*std::move(receipt));
    lines.skip(*size);
  }
  return receipts;
}

}  // namespace

std::string_view to_string(KeyOrigin origin) noexcept {
  switch (origin) {
    case KeyOrigin::first: return "first";
    case KeyOrigin::rotation: return "rotation";
    case KeyOrigin::revocation: return "revocation";
  }
  return "unknown";
}

const KeySpan* KeyChain::at_size(std::uint64_t size) const noexcept {
  const auto behind = std::ranges::lower_bound(spans, size, {}, &KeySpan::from);
  return behind == spans.begin() ? nullptr : &*std::prev(behind);
}

std::expected<KeyChain, ReceiptRefusal> verify_key_chain(const VerifierKey& known, std::string_view text) {
  const auto receipts = proof::parse_key_chain(text);
  if (!receipts) return std::unexpected(receipts.error());
  Chain chain(known);
  for (const OfflineReceipt& receipt : *receipts) {
    if (auto taken = chain.take(receipt); !taken) return std::unexpected(std::move(taken).error());
  }
  return chain.finish();
}

std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt, const KeyChain& keys) {
  if (auto believed = proof::verify_checkpoint(receipt.note, keys, proof::Revoked::refused); !believed) {
    return std::unexpected(std::move(believed).error());
  }
  return proof::verify_event(receipt);
}

namespace proof {

Believed verify_checkpoint(const CheckpointNote& note, const KeyChain& keys, Revoked revoked) {
  const Checkpoint& checkpoint = note.checkpoint;
  if (checkpoint.origin != keys.origin) {
    return refuse(ReceiptFault::unknown_origin, "the checkpoint is of the log " + checkpoint.origin);
  }
  const KeySpan* const span = keys.at_size(checkpoint.size);
  if (span == nullptr) return refuse(ReceiptFault::wrong_key, "the log had no key when it had so few events");
  if (revoked == Revoked::refused && span->revoked_from && checkpoint.size > *span->revoked_from) {
    return refuse(ReceiptFault::revoked_key, "the key that signed the checkpoint of " + std::to_string(checkpoint.size) +
                                                 " events is revoked from " + std::to_string(*span->revoked_from) + " on");
  }
  const auto key = PublicKey::from_bytes(span->key);
  const auto verifier = key ? VerifierKey::make(keys.origin, *key) : Result<VerifierKey>(std::unexpected(key.error()));
  if (!verifier) return refuse(ReceiptFault::wrong_key, verifier.error().message);
  return verify_checkpoint(note, *verifier, revoked);
}

std::string format_key_chain(std::span<const OfflineReceipt> receipts) {
  std::string text(first_line);
  text += '\n';
  for (const OfflineReceipt& receipt : receipts) {
    const std::string one = format_offline_receipt(receipt);
    text += receipt_mark;
    text += std::to_string(one.size());
    text += '\n';
    text += one;
  }
  return text;
}

std::expected<std::vector<OfflineReceipt>, ReceiptRefusal> parse_key_chain(std::string_view text) {
  auto receipts = parse(text);
  if (!receipts) return refuse(ReceiptFault::malformed, receipts.error().message);
  return *std::move(receipts);
}

}  // namespace proof
}  // namespace batpak
