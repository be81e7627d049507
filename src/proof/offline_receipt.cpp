#include "batpak/offline_receipt.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/try.hpp"
#include "proof/checkpoint.hpp"
#include "proof/event_record.hpp"
#include "proof/offline_receipt.hpp"

namespace batpak {
namespace {

constexpr std::string_view first_line = "c2sp.org/tlog-proof@v1";
constexpr std::string_view extra_mark = "extra ";
constexpr std::string_view index_mark = "index ";
constexpr std::size_t path_max = 64;

std::unexpected<ReceiptRefusal> refuse(ReceiptFault fault, std::string_view why) {
  return std::unexpected(ReceiptRefusal{.fault = fault, .message = std::string(why)});
}

Result<OfflineReceipt> parse(std::string_view text) {
  proof::LineReader lines(text, "the receipt");
  OfflineReceipt receipt;
  BATPAK_TRY(const std::string_view head, lines.next());
  if (head != first_line) return lines.refuse("is not " + std::string(first_line));
  BATPAK_TRY(std::string_view extra, lines.next());
  if (!extra.starts_with(extra_mark)) return lines.refuse("is no extra line, in which the event would stand");
  extra.remove_prefix(extra_mark.size());
  const auto bytes = base::from_base64(extra);
  auto record = bytes ? proof::decode_record(*bytes) : std::nullopt;
  if (!record) return lines.refuse("does not hold an event of batpak in base 64");
  static_cast<EventRecord&>(receipt) = *std::move(record);
  BATPAK_TRY(std::string_view index, lines.next());
  if (!index.starts_with(index_mark)) return lines.refuse("is no index");
  index.remove_prefix(index_mark.size());
  const auto sequence = proof::parse_decimal(index);
  if (!sequence) return lines.refuse("has an index that is no number");
  receipt.inclusion.sequence = *sequence;
  while (true) {
    BATPAK_TRY(const std::string_view line, lines.next());
    if (line.empty()) break;
    const auto hash = proof::parse_hash(line);
    if (!hash) return lines.refuse("is not a hash of 32 bytes in base 64");
    if (receipt.inclusion.path.size() == path_max) return lines.refuse("is one hash more than any path has");
    receipt.inclusion.path.push_back(*hash);
  }
  BATPAK_TRY(receipt.note, proof::parse_note(lines));
  receipt.inclusion.size = receipt.note.checkpoint.size;
  return receipt;
}

std::unexpected<ReceiptRefusal> unknown_origin(const CheckpointNote& note) {
  return refuse(ReceiptFault::unknown_origin, "the checkpoint is of the log " + note.checkpoint.origin);
}

}  // namespace

namespace proof {

std::expected<ProvenEvent, ReceiptRefusal> verify_event(const OfflineReceipt& receipt) {
  const auto header = proof::check_header(receipt);
  if (!header) return std::unexpected(header.error());
  if (receipt.inclusion.sequence >= receipt.note.checkpoint.size) {
    return refuse(ReceiptFault::index_beyond_size, "the event is said to stand at " +
                                                       std::to_string(receipt.inclusion.sequence) + " in a log of " +
                                                       std::to_string(receipt.note.checkpoint.size) + " events");
  }
  if (header->sequence() != receipt.inclusion.sequence) {
    return refuse(ReceiptFault::wrong_index, "the event says that it stands at " + std::to_string(header->sequence()) +
                                                 ", and the receipt that it stands at " +
                                                 std::to_string(receipt.inclusion.sequence));
  }
  InclusionProof inclusion = receipt.inclusion;
  inclusion.size = receipt.note.checkpoint.size;
  const auto root = root_of(inclusion, receipt.event_hash);
  if (!root) return refuse(ReceiptFault::wrong_path, root.error().message);
  if (*root != receipt.note.checkpoint.root) {
    return refuse(ReceiptFault::wrong_root, "the path does not lead from the event to the root of the checkpoint");
  }
  if (const auto shown = proof::check_shown(receipt, *header); !shown) return std::unexpected(shown.error());
  ProvenEvent proven;
  static_cast<EventFields&>(proven) = proof::fields_of(receipt, *header);
  proven.checkpoint = receipt.note.checkpoint;
  return proven;
}

std::expected<void, ReceiptRefusal> verify_log_signature(const CheckpointNote& note, const VerifierKey& key) {
  const auto id = key.key().key_id(key.name());
  const bool has_one = std::ranges::any_of(note.signatures, [&](const NoteSignature& signature) {
    return signature.name == key.name() && signature.key_id == id;
  });
  if (!has_one) return refuse(ReceiptFault::wrong_key, "the checkpoint has no signature of the key " + to_string(key));
  const auto verified = verify_note(note, key);
  if (!verified) return refuse(ReceiptFault::bad_signature, verified.error().message);
  return {};
}

Believed verify_checkpoint(const CheckpointNote& note, const VerifierKey& key, Revoked /*revoked*/) {
  if (note.checkpoint.origin != key.name()) return unknown_origin(note);
  if (auto verified = verify_log_signature(note, key); !verified) return std::unexpected(std::move(verified).error());
  return {};
}

Believed verify_checkpoint(const CheckpointNote& note, const TrustPolicy& policy, Revoked /*revoked*/) {
  const auto known = std::ranges::find(policy.logs(), note.checkpoint.origin, &VerifierKey::name);
  if (known == policy.logs().end()) return unknown_origin(note);
  // One of the log's keys must have signed; then the policy has its say.
  std::expected<void, ReceiptRefusal> log = {};
  for (const VerifierKey& key : policy.logs()) {
    if (key.name() != note.checkpoint.origin) continue;
    log = verify_log_signature(note, key);
    if (log || log.error().fault == ReceiptFault::bad_signature) break;
  }
  if (!log) return std::unexpected(std::move(log).error());
  auto cosignatures = policy.verify(note);
  if (!cosignatures) return refuse(ReceiptFault::not_cosigned, cosignatures.error().message);
  return *std::move(cosignatures);
}

}  // namespace proof

using proof::verify_checkpoint;
using proof::verify_event;

std::string_view to_string(ReceiptFault fault) noexcept {
  switch (fault) {
    case ReceiptFault::malformed: return "malformed";
    case ReceiptFault::newer_format: return "newer_format";
    case ReceiptFault::unknown_origin: return "unknown_origin";
    case ReceiptFault::wrong_key: return "wrong_key";
    case ReceiptFault::bad_signature: return "bad_signature";
    case ReceiptFault::not_cosigned: return "not_cosigned";
    case ReceiptFault::index_beyond_size: return "index_beyond_size";
    case ReceiptFault::fields_changed: return "fields_changed";
    case ReceiptFault::wrong_index: return "wrong_index";
    case ReceiptFault::wrong_path: return "wrong_path";
    case ReceiptFault::wrong_root: return "wrong_root";
    case ReceiptFault::metadata_changed: return "metadata_changed";
    case ReceiptFault::payload_changed: return "payload_changed";
    case ReceiptFault::revoked_key: return "revoked_key";
    case ReceiptFault::broken_chain: return "broken_chain";
  }
  return "unknown";
}

std::string format_offline_receipt(const OfflineReceipt& receipt) {
  std::string text(first_line);
  text += '\n';
  text += extra_mark;
  text += base::to_base64(proof::encode_record(receipt));
  text += '\n';
  text += index_mark;
  text += std::to_string(receipt.inclusion.sequence);
  text += '\n';
  for (const Hash& hash : receipt.inclusion.path) text += base::to_base64(hash.bytes) + '\n';
  text += '\n';
  return text + format_note(receipt.note);
}

std::expected<OfflineReceipt, ReceiptRefusal> parse_offline_receipt(std::string_view text) {
  if (text.size() > OfflineReceipt::text_bytes_max) {
    return refuse(ReceiptFault::malformed,
                  "a receipt has at most " + std::to_string(OfflineReceipt::text_bytes_max) + " bytes");
  }
  auto receipt = parse(text);
  if (!receipt) return refuse(ReceiptFault::malformed, receipt.error().message);
  return *std::move(receipt);
}

std::expected<ProvenEvent, ReceiptRefusal> verify_against_own_checkpoint(const OfflineReceipt& receipt) {
  return verify_event(receipt);
}

std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt, const VerifierKey& key) {
  if (auto believed = verify_checkpoint(receipt.note, key, proof::Revoked::refused); !believed) {
    return std::unexpected(std::move(believed).error());
  }
  return verify_event(receipt);
}

std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt, const TrustPolicy& policy) {
  auto cosignatures = verify_checkpoint(receipt.note, policy, proof::Revoked::refused);
  if (!cosignatures) return std::unexpected(std::move(cosignatures).error());
  auto proven = verify_event(receipt);
  if (proven) proven->cosignatures = *std::move(cosignatures);
  return proven;
}

}  // namespace batpak
