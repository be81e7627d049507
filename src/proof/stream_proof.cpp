#include "batpak/stream_proof.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "event/store_events.hpp"
#include "proof/event_record.hpp"
#include "proof/heads_tree.hpp"
#include "proof/line_reader.hpp"
#include "proof/stream_proof.hpp"

namespace batpak {
namespace {

using event::HeaderView;
using event::HeadsDeclaration;
using Fault = StreamProofFault;
using Refused = std::unexpected<StreamProofRefusal>;
template <class T>
using Checked = std::expected<T, StreamProofRefusal>;

constexpr std::string_view first_line = "batpak.stream-proof@v1";
constexpr std::string_view entity_mark = "entity ";
constexpr std::string_view stream_mark = "stream ";
constexpr std::string_view event_mark = "event ";
constexpr std::size_t path_max = 64;
constexpr ErrorCode not_a_leaf = ErrorCode::bad_proof;  // while parsing, for what has a fault of its own

Refused refuse(Fault fault, std::string_view why) {
  return std::unexpected(StreamProofRefusal{.fault = fault, .message = std::string(why), .receipt_fault = {}});
}

// A fault of one event, as it is called in a receipt.
Refused refuse(const ReceiptRefusal& refusal) {
  switch (refusal.fault) {
    case ReceiptFault::malformed: return refuse(Fault::malformed, refusal.message);
    case ReceiptFault::newer_format: return refuse(Fault::newer_format, refusal.message);
    case ReceiptFault::metadata_changed: return refuse(Fault::metadata_changed, refusal.message);
    case ReceiptFault::payload_changed: return refuse(Fault::payload_changed, refusal.message);
    default: return refuse(Fault::fields_changed, refusal.message);
  }
}

bool is_entity(std::string_view name) {
  return !name.empty() && name.size() <= limits::coordinate_part_bytes_max && base::is_plain_text(name);
}

Result<StreamProof::Leaf> parse_leaf(const proof::LineReader& lines, std::string_view line) {
  const std::size_t space = line.find(' ');
  const auto index = proof::parse_decimal(line.substr(0, space));
  auto data = space == std::string_view::npos ? Bytes{} : base::from_base64(line.substr(space + 1));
  if (!index || !data || data->empty()) return lines.refuse("is not the index and the leaf of a stream");
  // Here and not only when it is verified: a leaf takes more memory than its text where its data are shorter than any leaf's.
  if (!proof::decode_head(*data)) return lines.refuse(not_a_leaf, "does not hold the leaf of a stream");
  return StreamProof::Leaf{.index = *index, .data = *std::move(data), .path = {}};
}

Result<void> add_hash(const proof::LineReader& lines, std::string_view line, StreamProof& proof) {
  const auto hash = proof::parse_hash(line);
  if (!hash || proof.leaves.empty() || !proof.events.empty()) return lines.refuse("is not what may stand there");
  std::vector<Hash>& path = proof.leaves.back().path;
  if (path.size() == path_max) return lines.refuse("is one hash more than any path has");
  path.push_back(*hash);
  return {};
}

// All but the receipt of the declaration, which is the rest of the text.
Result<StreamProof> parse_body(proof::LineReader& lines) {
  StreamProof proof;
  BATPAK_TRY(const std::string_view head, lines.next());
  if (head != first_line) return lines.refuse("is not " + std::string(first_line));
  BATPAK_TRY(const std::string_view entity, lines.next());
  if (!entity.starts_with(entity_mark)) return lines.refuse("names no entity");
  const auto name = base::from_base64(entity.substr(entity_mark.size()));
  if (!name || !is_entity(base::as_text(*name))) return lines.refuse("has no entity in base 64");
  proof.entity = base::as_text(*name);
  while (true) {
    BATPAK_TRY(const std::string_view line, lines.next());
    if (line.empty()) return proof;
    if (line.starts_with(event_mark)) {
      const auto bytes = base::from_base64(line.substr(event_mark.size()));
      auto record = bytes ? proof::decode_record(*bytes) : std::nullopt;
      if (!record) return lines.refuse("does not hold an event of batpak in base 64");
      proof.events.push_back(*std::move(record));
    } else if (line.starts_with(stream_mark) && proof.events.empty()) {
      BATPAK_TRY(StreamProof::Leaf leaf, parse_leaf(lines, line.substr(stream_mark.size())));
      proof.leaves.push_back(std::move(leaf));
    } else {
      BATPAK_CHECK(add_hash(lines, line, proof));
    }
  }
}

// What the declaration states, when its receipt was believed.
Checked<HeadsDeclaration> read_declaration(const ProvenEvent& event, const HeaderView& header) {
  if (event.kind != HeadsDeclaration::kind || event.entity != HeadsDeclaration::entity ||
      event.scope != event::store_scope || event.lane != 0 || event.payload_version != 1) {
    return refuse(Fault::no_declaration, "the receipt is not of a declaration of heads");
  }
  // The first one follows the genesis event, each other one an event between that and itself.
  const std::uint64_t previous = header.previous_sequence();
  const bool follows = event.stream_version == 0 ? previous == 0 : previous > 0 && previous < event.sequence;
  if (!follows || event.stream_version >= event.sequence || header.batch_size() != 1) {
    return refuse(Fault::malformed_declaration, "no declaration of heads may stand in its stream as this one does");
  }
  if (!event.payload) return refuse(Fault::no_declaration, "the receipt does not show what is declared");
  const auto declared = event::read_store_event<HeadsDeclaration>(*event.payload);
  if (!declared) return refuse(Fault::malformed_declaration, declared.error().message);
  if (!declared->may_stand_at(event.sequence)) {
    return refuse(Fault::malformed_declaration, "no declaration of heads with these values may stand where it stands");
  }
  return *declared;
}

// The leaves' streams, when all of them are in the declared tree and stand beside each other.
Checked<std::vector<proof::DeclaredHead>> check_leaves(const StreamProof& proof, const HeadsDeclaration& declared) {
  std::vector<proof::DeclaredHead> heads;
  heads.reserve(proof.leaves.size());
  for (const StreamProof::Leaf& leaf : proof.leaves) {
    const auto head = proof::decode_head(leaf.data);
    if (!head) return refuse(Fault::malformed_leaf, "a leaf is not that of a stream");
    if (leaf.index >= declared.streams) {
      return refuse(Fault::leaf_beyond_tree, "leaf " + std::to_string(leaf.index) + " is none of a tree of " +
                                                 std::to_string(declared.streams) + " streams");
    }
    const auto root = proof::root_from_leaf({.sequence = leaf.index, .size = declared.streams, .path = leaf.path},
                                            proof::hash_of_head(*head));
    if (!root) return refuse(Fault::wrong_path, root.error().message);
    if (root->bytes != declared.root) {
      return refuse(Fault::wrong_root,
                    "the path of leaf " + std::to_string(leaf.index) + " does not lead to the declared root");
    }
    if (!heads.empty()) {
      if (leaf.index - 1 != (&leaf - 1)->index) {
        return refuse(Fault::not_neighbours, "leaf " + std::to_string(leaf.index) + " does not follow the one before it");
      }
      if (!proof::comes_before(heads.back(), *head)) {
        return refuse(Fault::wrong_order, "leaf " + std::to_string(leaf.index) + " is not in the order of the streams");
      }
    }
    heads.push_back(*head);
  }
  return heads;
}

// The entity's own among them, when there can be no others.
Checked<std::span<const proof::DeclaredHead>> find_own(const StreamProof& proof, const HeadsDeclaration& declared,
                                                       std::span<const proof::DeclaredHead> heads) {
  const auto own = std::ranges::equal_range(heads, std::string_view(proof.entity), {}, &proof::DeclaredHead::entity);
  const std::ptrdiff_t before = own.begin() - heads.begin();
  const std::ptrdiff_t after = heads.end() - own.end();
  if (heads.empty() || (before == 0 && proof.leaves.front().index != 0)) {
    return refuse(Fault::missing_neighbour, "the stream before those of the entity is not shown");
  }
  if (after == 0 && proof.leaves.back().index != declared.streams - 1) {
    return refuse(Fault::missing_neighbour, "the stream behind those of the entity is not shown");
  }
  if (before > 1 || after > 1) return refuse(Fault::needless_leaf, "a stream is shown that is no neighbour of the entity's");
  return std::span<const proof::DeclaredHead>(own.begin(), own.end());
}

// An event whose hash was checked.
struct Link {
  std::uint64_t sequence = 0;
  Hash hash;
};

// Goes along the chains of an entity's streams.
class ChainCheck {
 public:
  ChainCheck(const StreamProof& proof, const HeadsDeclaration& declared, const ProvenEvent& declaration)
      : proof_(proof), declared_(declared), declaration_(declaration) {}

  Checked<std::vector<EventFields>> run(std::span<const proof::DeclaredHead> lanes) {
    for (const proof::DeclaredHead& lane : lanes) {
      if (lane.events > proof_.events.size() - next_) {
        return refuse(Fault::missing_event, "lane " + std::to_string(lane.lane) + " has " + std::to_string(lane.events) +
                                                " events, of which " + std::to_string(proof_.events.size() - next_) +
                                                " are shown");
      }
      if (auto checked = check_lane(lane); !checked) return std::unexpected(checked.error());
    }
    if (next_ != proof_.events.size()) {
      return refuse(Fault::needless_event,
                    std::to_string(proof_.events.size() - next_) + " more events are shown than the entity's streams have");
    }
    for (const auto& [header, sequence] : branches_) {
      if (auto checked = check_branch(header, sequence); !checked) return std::unexpected(checked.error());
    }
    return std::move(events_);
  }

 private:
  Checked<void> check_lane(const proof::DeclaredHead& lane) {
    for (std::uint64_t version = 0; version < lane.events; ++version) {
      const EventRecord& record = proof_.events[next_++];
      const auto header = proof::check_header(record);
      if (!header) return refuse(header.error());
      const std::string what = "event " + std::to_string(version) + " of lane " + std::to_string(lane.lane);
      if (header->entity() != lane.entity || header->lane() != lane.lane) {
        return refuse(Fault::wrong_stream, what + " is of another stream");
      }
      if (header->stream_version() != version) {
        return refuse(Fault::wrong_version, what + " says to be version " + std::to_string(header->stream_version()));
      }
      const std::uint64_t sequence = header->sequence();
      if (sequence >= declared_.log_size || (version != 0 && sequence <= links_.back().sequence)) {
        return refuse(Fault::wrong_sequence, what + " says to be number " + std::to_string(sequence) + " of the log");
      }
      if (version == 0) {
        if (auto begins = check_beginning(*header); !begins) return begins;
      } else if (header->previous_sequence() != links_.back().sequence || header->previous_hash() != links_.back().hash) {
        return refuse(Fault::broken_chain, what + " does not link to the one before it");
      }
      if (const auto shown = proof::check_shown(record, *header); !shown) return refuse(shown.error());
      links_.push_back({.sequence = sequence, .hash = record.event_hash});
      events_.push_back(proof::fields_of(record, *header));
    }
    if (links_.back().hash != lane.hash) {
      return refuse(Fault::wrong_head,
                    "lane " + std::to_string(lane.lane) + " does not end in the event that its leaf names");
    }
    return {};
  }

  // The genesis event is not part of the proof. What links to it says that it is number 0; its hash is known where the
  // declaration, as the first of its own stream, links to it too.
  Checked<void> check_beginning(const HeaderView& header) {
    if (header.lane() != 0) {
      branches_.emplace_back(header, header.sequence());
      return {};
    }
    const bool is_genesis = header.sequence() == 0;
    const bool genesis_known = declaration_.stream_version == 0;
    const Hash before = is_genesis ? Hash{} : declaration_.previous_hash;
    if (header.previous_sequence() != 0 || ((is_genesis || genesis_known) && header.previous_hash() != before)) {
      return refuse(Fault::wrong_beginning, "the first event of the entity does not link to the genesis event");
    }
    return {};
  }

  // A lane begins at an earlier event of its entity, which is one of those that are shown.
  Checked<void> check_branch(const HeaderView& header, std::uint64_t sequence) {
    if (!are_sorted_) std::ranges::sort(links_, {}, &Link::sequence);
    are_sorted_ = true;
    const auto at = std::ranges::lower_bound(links_, header.previous_sequence(), {}, &Link::sequence);
    if (at == links_.end() || at->sequence != header.previous_sequence() || at->sequence >= sequence ||
        at->hash != header.previous_hash()) {
      return refuse(Fault::wrong_beginning,
                    "lane " + std::to_string(header.lane()) + " does not begin at an earlier event of the entity");
    }
    return {};
  }

  const StreamProof& proof_;
  const HeadsDeclaration& declared_;
  const ProvenEvent& declaration_;
  std::size_t next_ = 0;
  std::vector<Link> links_;  // of all lanes
  bool are_sorted_ = false;
  std::vector<std::pair<HeaderView, std::uint64_t>> branches_;  // first events of lanes, and their sequences
  std::vector<EventFields> events_;
};

Checked<ProvenStream> verify(const StreamProof& proof, std::expected<ProvenEvent, ReceiptRefusal> declaration) {
  if (!declaration) {
    return std::unexpected(StreamProofRefusal{.fault = Fault::refused_declaration,
                                              .message = "the receipt of the declaration: " + declaration.error().message,
                                              .receipt_fault = declaration.error().fault});
  }
  if (!is_entity(proof.entity)) return refuse(Fault::malformed, "the proof is about what can be no entity");
  const auto header = proof::check_header(proof.declaration);
  if (!header) return refuse(header.error());
  const auto declared = read_declaration(*declaration, *header);
  if (!declared) return std::unexpected(declared.error());
  const auto heads = check_leaves(proof, *declared);
  if (!heads) return std::unexpected(heads.error());
  const auto own = find_own(proof, *declared, *heads);
  if (!own) return std::unexpected(own.error());
  auto events = ChainCheck(proof, *declared, *declaration).run(*own);
  if (!events) return std::unexpected(events.error());
  ProvenStream proven{.entity = proof.entity,
                      .log_size = declared->log_size,
                      .streams = declared->streams,
                      .lanes = {},
                      .events = *std::move(events),
                      .declaration = *std::move(declaration)};
  for (const proof::DeclaredHead& head : *own) {
    proven.lanes.push_back({.lane = head.lane, .events = head.events, .head = head.hash});
  }
  return proven;
}

}  // namespace

std::string_view to_string(StreamProofFault fault) noexcept {
  switch (fault) {
    case Fault::malformed: return "malformed";
    case Fault::refused_declaration: return "refused_declaration";
    case Fault::no_declaration: return "no_declaration";
    case Fault::malformed_declaration: return "malformed_declaration";
    case Fault::malformed_leaf: return "malformed_leaf";
    case Fault::leaf_beyond_tree: return "leaf_beyond_tree";
    case Fault::wrong_path: return "wrong_path";
    case Fault::wrong_root: return "wrong_root";
    case Fault::not_neighbours: return "not_neighbours";
    case Fault::wrong_order: return "wrong_order";
    case Fault::missing_neighbour: return "missing_neighbour";
    case Fault::needless_leaf: return "needless_leaf";
    case Fault::missing_event: return "missing_event";
    case Fault::needless_event: return "needless_event";
    case Fault::newer_format: return "newer_format";
    case Fault::fields_changed: return "fields_changed";
    case Fault::wrong_stream: return "wrong_stream";
    case Fault::wrong_version: return "wrong_version";
    case Fault::wrong_sequence: return "wrong_sequence";
    case Fault::broken_chain: return "broken_chain";
    case Fault::wrong_beginning: return "wrong_beginning";
    case Fault::wrong_head: return "wrong_head";
    case Fault::metadata_changed: return "metadata_changed";
    case Fault::payload_changed: return "payload_changed";
  }
  return "unknown";
}

std::string format_stream_proof(const StreamProof& proof) {
  std::string text(first_line);
  text += '\n';
  text += entity_mark;
  text += base::to_base64(base::as_bytes(proof.entity));
  text += '\n';
  for (const StreamProof::Leaf& leaf : proof.leaves) {
    text += stream_mark;
    text += std::to_string(leaf.index);
    text += ' ';
    text += base::to_base64(leaf.data);
    text += '\n';
    for (const Hash& hash : leaf.path) text += base::to_base64(hash.bytes) + '\n';
  }
  for (const EventRecord& event : proof.events) {
    text += event_mark;
    text += base::to_base64(proof::encode_record(event));
    text += '\n';
  }
  text += '\n';
  return text + format_offline_receipt(proof.declaration);
}

bool is_stream_proof(std::string_view text) noexcept { return text.substr(0, text.find('\n')) == first_line; }

std::expected<StreamProof, StreamProofRefusal> parse_stream_proof(std::string_view text) {
  if (text.size() > StreamProof::text_bytes_max) {
    return refuse(Fault::malformed, "a proof has at most " + std::to_string(StreamProof::text_bytes_max) + " bytes");
  }
  proof::LineReader lines(text, "the proof");
  auto proof = parse_body(lines);
  if (!proof) {
    return refuse(proof.error().code == not_a_leaf ? Fault::malformed_leaf : Fault::malformed, proof.error().message);
  }
  auto declaration = parse_offline_receipt(text.substr(lines.offset()));
  if (!declaration) return refuse(Fault::malformed, "behind the events: " + declaration.error().message);
  proof->declaration = *std::move(declaration);
  return *std::move(proof);
}

std::expected<ProvenStream, StreamProofRefusal> proof::check_streams(const StreamProof& proof) {
  const auto header = check_header(proof.declaration);
  if (!header) return refuse(header.error());
  ProvenEvent declaration;
  static_cast<EventFields&>(declaration) = fields_of(proof.declaration, *header);
  declaration.checkpoint = proof.declaration.note.checkpoint;
  return verify(proof, std::move(declaration));
}

std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof, const VerifierKey& key) {
  return verify(proof, verify_offline_receipt(proof.declaration, key));
}

std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof, const TrustPolicy& policy) {
  return verify(proof, verify_offline_receipt(proof.declaration, policy));
}

std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof, const KeyChain& keys) {
  return verify(proof, verify_offline_receipt(proof.declaration, keys));
}

}  // namespace batpak
