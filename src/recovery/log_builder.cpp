#include "recovery/log_builder.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "batpak/coordinate.hpp"
#include "crypto/key_name.hpp"
#include "proof/checkpoint.hpp"
#include "proof/offline_receipt.hpp"

namespace batpak::recovery {
namespace {

using base::fail;
using segment::CommitType;

// The cheapest sign that no event frame begins here, before any length is believed.
bool may_be_frame(ByteView bytes) {
  return bytes.size() > event::layout::header &&
         base::load_le<std::uint16_t>(bytes.data() + event::layout::frame_type) == event::layout::frame_type_event;
}

// Whether a frame whose CRC does not match still says truly which event it is: its header gives the event hash. Readers of the
// event meet the rest. Of the store's own events the content is needed to open.
bool only_content_is_broken(const event::FrameView& frame) {
  return !frame.header().kind().is_system() && frame.header().compute_event_hash() == frame.event_hash();
}

std::uint32_t type_of(std::uint16_t kind, std::uint16_t version) {
  return static_cast<std::uint32_t>(kind) << 16U | version;
}

}  // namespace

Result<void> LogBuilder::take(const segment::CommitView& commit, std::uint32_t segment) {
  segment::FrameSplitter frames(commit.body);
  const std::uint64_t body_at = commit.header.offset + segment::commit_header_bytes;
  std::uint64_t offset = body_at;
  if (commit.header.type == CommitType::events) {
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      BATPAK_CHECK(take_frame(frame, segment, offset));
      offset += frame.size();
    }
  }
  if (commit.end.tree_size != next_sequence_) {
    return fail(Error(ErrorCode::damaged, "the commit's events are not those its header counts")
                    .at_path(state_.segments[segment].path)
                    .at_offset(commit.header.offset));
  }
  state_.ends_in_idle_mark = commit.header.type == CommitType::idle_mark;
  note_checkpoints(commit, segment);
  return {};
}

void LogBuilder::note_checkpoints(const segment::CommitView& commit, std::uint32_t segment) {
  state_.newest = {.origin = state_.meta.genesis.origin, .size = commit.end.tree_size, .root = commit.end.root};
  if (!commit.end.signatures.empty()) {
    // Around what is lost nobody can tell what a checkpoint was of, or by whom.
    if (auto noted = note_stored(commit.header, commit.end); !noted && state_.report.damage.empty()) {
      refuse(std::move(noted).error().at_path(state_.segments[segment].path).at_offset(commit.header.offset));
    }
  }
  if (state_.keys.empty()) return;
  if (unsigned_.empty() || unsigned_.back().size != state_.newest.size) unsigned_.push_back(state_.newest);
}

// Signatures are not verified here but over a change of keys: of what verifies, the newest speaks for all before it, and recover()
// verifies that one. But who must sign next follows from each of them.
Result<void> LogBuilder::note_stored(const segment::CommitHeader& header, const segment::CommitEnd& end) {
  const auto wrong = [](std::string_view why) {
    return fail(Error(ErrorCode::damaged, "the commit stores a checkpoint " + std::string(why)));
  };
  const std::uint64_t size = end.signed_size;
  if (state_.keys.empty()) return wrong("before any key was declared");
  if (size <= state_.keys.stored_size()) return wrong("that is no larger than one stored before");
  if (size > header.durable_through.sequence) return wrong("of what was not durable");
  while (!unsigned_.empty() && unsigned_.front().size < size) unsigned_.pop_front();
  if (unsigned_.empty() || unsigned_.front().size != size) return wrong("of a size where no earlier commit ends");
  if (!only_owners_sign(end.signatures, size)) return wrong("that others than the owner have signed, or the owner twice");
  CheckpointNote note;
  note.checkpoint = unsigned_.front();
  note.text = note_body(note.checkpoint);
  for (const segment::StoredSignature& stored : end.signatures) {
    NoteSignature signature;
    signature.name = stored.name.empty() ? note.checkpoint.origin : stored.name;
    if (!crypto::is_note_key_name(signature.name)) continue;  // a note with it would be none, and read as another
    std::copy_n(stored.signature.begin(), signature.key_id.size(), signature.key_id.begin());
    signature.signature.assign(stored.signature.begin() + signature.key_id.size(), stored.signature.end());
    note.signatures.push_back(std::move(signature));
  }
  std::shared_ptr<const CheckpointNote> over_change;
  if (state_.keys.awaits(size)) {
    const auto signers = state_.keys.signers_of(size, state_.keys.stored_size());
    const auto has_signed = [&](const proof::KeyHistory::KeyBytes& key) { return is_signed_by(note, key); };
    // Where events are lost, the checkpoint over the change may be too, and a later one is by the key in force alone.
    const bool is_complete = state_.report.damage.empty() ? std::ranges::all_of(signers, has_signed)
                                                          : signers.empty() || has_signed(signers.back());
    if (!is_complete) return wrong("over a change of keys that not all have signed who must");
    over_change = std::make_shared<const CheckpointNote>(note);
  }
  state_.keys.store(size, over_change);
  const auto is_covered = [&](const auto& placed) { return placed.sequence < size; };
  std::erase_if(state_.unsigned_heads, is_covered);
  std::erase_if(state_.unsigned_branches, is_covered);
  state_.newest_signed = std::move(note);
  return {};
}

// Nobody else signs under the name of the origin. Whether the signatures verify is another matter.
bool LogBuilder::only_owners_sign(std::span<const segment::StoredSignature> signatures, std::uint64_t size) const {
  const std::string& origin = state_.meta.genesis.origin;
  std::vector<std::array<std::byte, 4>> owners;
  for (const proof::KeyHistory::KeyBytes& bytes : state_.keys.signers_of(size, state_.keys.stored_size())) {
    if (const auto key = PublicKey::from_bytes(bytes)) owners.push_back(key->key_id(origin));
  }
  for (const segment::StoredSignature& signature : signatures) {
    if (!signature.name.empty() && signature.name != origin) continue;
    const auto owner = std::ranges::find_if(
        owners, [&](const auto& id) { return std::ranges::equal(id, std::span(signature.signature).first(id.size())); });
    if (owner == owners.end()) return false;
    owners.erase(owner);
  }
  return true;
}

bool LogBuilder::is_signed_by(const CheckpointNote& note, const proof::KeyHistory::KeyBytes& bytes) {
  const auto key = PublicKey::from_bytes(bytes);
  const auto verifier = key ? VerifierKey::make(note.checkpoint.origin, *key) : base::fail(key.error());
  return verifier && proof::verify_log_signature(note, *verifier);
}

Result<void> LogBuilder::take_frame(ByteView bytes, std::uint32_t segment, std::uint64_t offset) {
  const std::uint64_t sequence = next_sequence_;
  const auto place_error = [&](Error error) {
    if (error.code != ErrorCode::newer_format) error.code = ErrorCode::damaged;  // whatever it is for who decodes it
    return fail(std::move(error).at_path(state_.segments[segment].path).at_offset(offset).at_sequence(sequence));
  };
  auto parsed = event::FrameView::parse(bytes);
  if (!parsed) return place_error(std::move(parsed).error());
  const event::FrameView& frame = *parsed;
  const event::HeaderView& header = frame.header();
  if (header.sequence() != next_sequence_) {
    return place_error(Error(ErrorCode::damaged, "the event has another sequence than its place in the log"));
  }
  // What cannot be is not believed, even where every CRC matches: both would be counted with.
  if (header.stream_version() > sequence || (sequence > 0 && header.previous_sequence() >= sequence)) {
    return place_error(Error(ErrorCode::damaged, "the event claims more events before it than there are"));
  }
  index::Stream& stream = state_.index->add_stream(header.entity(), header.lane());
  Result<void> linked;
  if (header.stream_version() <= stream.head.count) {
    linked = check_link(header, stream.head);
  } else {
    // Events of this stream were lost. The one before this is named; it is no head, and readers of the stream meet it. Of the
    // store's own events each is needed, not only the last.
    const std::uint64_t lost = header.previous_sequence();
    const std::uint64_t missing = header.stream_version() - stream.head.count;
    if ((stream.head.count > 0 && lost <= stream.head.sequence) || !state_.index->place(lost).is_damaged() ||
        missing > lost_of_no_stream_) {
      return place_error(
          Error(ErrorCode::damaged, "the event follows others of its stream that are neither there nor lost"));
    }
    lost_of_no_stream_ -= missing;
    if (!header.entity().starts_with(Coordinate::reserved_prefix)) state_.unresolved.erase(lost);
    for (; stream.head.count < header.stream_version(); ++stream.head.count) state_.index->add_lost(lost, stream);
  }
  stream.head = {.count = header.stream_version() + 1, .sequence = next_sequence_, .hash = frame.event_hash()};
  state_.index->add_event(
      header.id(),
      {.segment = segment, .offset = static_cast<std::uint32_t>(offset), .length = static_cast<std::uint32_t>(bytes.size())},
      &stream);
  state_.last_id = std::max(state_.last_id, header.id());
  state_.last_time = std::max(state_.last_time, header.time());
  ++next_sequence_;
  // Every CRC holds, so this is no rot: what must not be signed is not gone on from, though readers are shown it.
  if (linked) linked = note_store_event(frame);
  if (linked) return {};
  const auto failed = place_error(std::move(linked).error());
  if (failed.error().code == ErrorCode::damaged && header.kind().is_system()) {
    note_damage({.path = failed.error().path,
                 .offset = offset,
                 .first_sequence = sequence,
                 .next_sequence = sequence + 1,
                 .reason = failed.error().message});
  }
  refuse(failed.error());
  return failed;
}

Result<void> LogBuilder::check_link(const event::HeaderView& header, const index::Head& head) {
  const auto wrong = [](std::string_view why) { return fail(ErrorCode::damaged, std::string(why)); };
  if (header.stream_version() < head.count) return wrong("the event has the version of an earlier one of its stream");
  if (header.sequence() == 0) {
    const bool follows_nothing = header.previous_hash().is_zero() && header.previous_sequence() == 0;
    return follows_nothing ? Result<void>() : wrong("the genesis event follows another event");
  }
  if (head.count > 0) {
    const bool follows = header.previous_sequence() == head.sequence && header.previous_hash() == head.hash;
    return follows ? Result<void>() : wrong("the event does not link to the one before it in its stream");
  }
  if (header.lane() != 0) {  // the event where it begins is looked up when all are placed
    state_.unsigned_branches.push_back({.sequence = header.sequence(),
                                        .entity = std::string(header.entity()),
                                        .begins_at = header.previous_sequence(),
                                        .begins_at_hash = header.previous_hash()});
    return {};
  }
  if (state_.genesis_hash.is_zero()) return {};  // lost
  const bool begins = header.previous_sequence() == 0 && header.previous_hash() == state_.genesis_hash;
  return begins ? Result<void>() : wrong("the first event of a stream does not link to the genesis event");
}

void LogBuilder::refuse(Error error) {
  if (!state_.refused) state_.refused = std::move(error);
}

Result<void> LogBuilder::note_store_event(const event::FrameView& frame) {
  const event::HeaderView& header = frame.header();
  const EventKind kind = header.kind();
  if (!kind.is_system()) {
    if (!header.entity().starts_with(Coordinate::reserved_prefix)) return check_declared(header);
    return fail(ErrorCode::damaged, "an event that is not the store's own stands in one of the store's own entities");
  }
  if (event::store_event_name(kind).empty() || header.payload_version() > 1) {
    return fail(ErrorCode::newer_format, "the log holds an event of the store that this version does not know");
  }
  if (header.entity() != event::store_event_entity(kind) || header.scope() != event::store_scope || header.lane() != 0 ||
      header.payload_version() != 1 || (kind == event::Genesis::kind) != (header.sequence() == 0)) {
    return fail(ErrorCode::damaged, "an event of the store's own stands where it does not belong");
  }
  if (kind != event::Genesis::kind) BATPAK_CHECK(event::check_store_event(kind, frame.payload()));
  if (kind == event::Genesis::kind) {
    state_.genesis_hash = frame.event_hash();
    if (!std::ranges::equal(frame.payload(), state_.meta.genesis_payload)) {
      return fail(ErrorCode::damaged, "store.meta and the genesis event contradict each other");
    }
  } else if (kind == event::TypeDeclaration::kind) {
    BATPAK_TRY(const auto declaration, event::read_store_event<event::TypeDeclaration>(frame.payload()));
    BATPAK_CHECK(note_declaration(declaration, header.sequence()));
  } else if (kind == event::HeadsDeclaration::kind) {
    BATPAK_TRY(const auto declaration, event::read_store_event<event::HeadsDeclaration>(frame.payload()));
    if (!declaration.may_stand_at(header.sequence())) {
      return fail(ErrorCode::damaged, "a declaration of heads is of a size of the log that may not stand there");
    }
    state_.unsigned_heads.push_back({.sequence = header.sequence(), .declaration = declaration});
  } else if (kind == event::Restore::kind) {
    BATPAK_TRY(const auto restore, event::read_store_event<event::Restore>(frame.payload()));
    if (auto given_up = proof::parse_checkpoint(restore.given_up); !given_up) {
      return fail(ErrorCode::damaged, "the record of a restore names no checkpoint: " + std::move(given_up).error().message);
    }
  }
  if (!proof::KeyHistory::concerns(kind)) return {};
  auto taken = state_.keys.take(kind, frame.payload(), header.sequence(), state_.meta.genesis.origin);
  if (!taken) return fail(ErrorCode::damaged, std::move(taken).error().message);
  return {};
}

Result<void> LogBuilder::check_declared(const event::HeaderView& header) {
  if (declared_.contains(type_of(header.kind().value(), header.payload_version()))) return {};
  if (!state_.report.damage.empty()) return {};  // the declaration may be lost
  return fail(ErrorCode::damaged, "the event is of a type that is not declared before it");
}

Result<void> LogBuilder::note_declaration(const event::TypeDeclaration& declaration, std::uint64_t sequence) {
  DeclaredType type = event::declared_type(declaration, sequence);
  const EventKind kind = EventKind::from_value(type.kind);
  std::vector<FieldDescription> fields;
  fields.reserve(declaration.fields.size());
  for (const auto& [name, field_type] : declaration.fields) fields.push_back({.name = name, .type = field_type});
  const auto answer = state_.types->ask({.category = kind.category(),
                                         .type_id = kind.type_id(),
                                         .version = type.version,
                                         .name = type.name,
                                         .fields = fields});
  declared_.insert(type_of(type.kind, type.version));
  state_.types->add(std::move(type));
  if (!answer) return fail(ErrorCode::damaged, "a declaration contradicts an earlier one: " + answer.error().message);
  if (answer->declared) return fail(ErrorCode::damaged, "a type is declared again just as before");
  return {};
}

void LogBuilder::note_damage(const DamagedRange& range) {
  // Neighbouring losses with one cause are one range.
  if (!state_.report.damage.empty() && state_.report.damage.back().next_sequence == range.first_sequence &&
      state_.report.damage.back().path == range.path && state_.report.damage.back().reason == range.reason) {
    state_.report.damage.back().next_sequence = range.next_sequence;
  } else {
    state_.report.damage.push_back(range);
  }
}

void LogBuilder::lose_until(std::uint64_t next_sequence, const DamagedRange& where) {
  if (next_sequence <= next_sequence_) return;
  DamagedRange range = where;
  range.first_sequence = next_sequence_;
  range.next_sequence = next_sequence;
  note_damage(range);
  for (; next_sequence_ < next_sequence; ++next_sequence_) {
    state_.index->add_event(state_.last_id, index::FramePlace{}, nullptr);
    state_.unresolved.insert(next_sequence_);
    ++lost_of_no_stream_;
  }
}

void LogBuilder::take_readable_frames(ByteView image, std::uint32_t segment, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t next_sequence, const std::string& reason) {
  const DamagedRange where{.path = state_.segments[segment].path, .offset = begin, .reason = reason};
  for (std::uint64_t at = begin; at + segment::frame_prefix_bytes < end && next_sequence_ < next_sequence;) {
    const ByteView rest = image.subspan(at, end - at);
    if (may_be_frame(rest)) {
      const auto frame = segment::frame_at(rest);
      const auto parsed = frame ? event::FrameView::parse(*frame) : base::fail(frame.error());
      if (parsed && parsed->header().sequence() >= next_sequence_ && parsed->header().sequence() < next_sequence &&
          (segment::frame_crc_matches(*frame) || only_content_is_broken(*parsed))) {
        lose_until(parsed->header().sequence(), where);
        const bool taken = take_frame(*frame, segment, at).has_value();
        if (taken && !segment::frame_crc_matches(*frame)) {
          note_damage({.path = where.path,
                       .offset = at,
                       .first_sequence = next_sequence_ - 1,
                       .next_sequence = next_sequence_,
                       .reason = "the event's frame does not match its CRC"});
        }
        if (taken) {
          at += frame->size();
          continue;
        }
      }
    }
    at += 8;
  }
  lose_until(next_sequence, where);
}

LogBuilder::Walked LogBuilder::walk_around_damage(ByteView image, std::uint32_t segment, std::uint64_t start,
                                                  std::uint64_t limit) {
  segment::CommitWalker walker(image.first(std::min<std::uint64_t>(limit, image.size())), state_.segments[segment].header,
                               start);
  Walked walked{.end = start, .sealed = false};
  while (true) {
    const segment::WalkStep step = walker.next();
    if (step.at_end()) break;
    if (step.commit) {
      const segment::CommitHeader& header = step.commit->header;
      // What claims events that cannot have stood in the bytes between, or that were already read, is not believed.
      const std::uint64_t lost_max = (header.offset - walked.end) / event::layout::header_bytes_min;
      if (header.first_sequence < next_sequence_ || header.first_sequence - next_sequence_ > lost_max) continue;
      lose_until(header.first_sequence, {.path = state_.segments[segment].path,
                                         .offset = header.offset,
                                         .reason = "events are missing before this commit"});
      if (auto taken = take(*step.commit, segment); !taken) {
        if (taken.error().code == ErrorCode::newer_format) refuse(std::move(taken).error());
        take_readable_frames(image, segment, header.offset, header.offset + header.length, header.next_sequence(),
                             "the commit's events contradict it");
      }
      state_.link.advance(header);
      walked = {.end = walker.offset(), .sealed = step.commit->seal.has_value()};
      continue;
    }
    const segment::CommitFault& fault = *step.fault;
    if (fault.error.code == ErrorCode::newer_format) refuse(Error(fault.error).at_path(state_.segments[segment].path));
    const std::string reason = fault.error.message;
    const bool header_can_be = fault.header && fault.header->offset + fault.header->length <= image.size() &&
                               fault.header->next_sequence() >= next_sequence_ &&
                               fault.header->next_sequence() - next_sequence_ <=
                                   (fault.offset + fault.header->length - start) / event::layout::header_bytes_min;
    if (header_can_be) {
      const std::size_t noted = state_.report.damage.size();
      take_readable_frames(image, segment, fault.offset, fault.header->offset + fault.header->length,
                           fault.header->next_sequence(), reason);
      // Also where all its events can be read, something is wrong with it.
      if (state_.report.damage.size() == noted) {
        note_damage({.path = state_.segments[segment].path,
                     .offset = fault.offset,
                     .first_sequence = fault.header->first_sequence,
                     .next_sequence = fault.header->first_sequence,
                     .reason = reason});
      }
      walker.resume_at(fault.header->offset + fault.header->length);
      walked.end = walker.offset();
      continue;
    }
    const auto next = walker.skip_fault();
    if (!next) break;
    const std::uint64_t lost_max = (walker.offset() - fault.offset) / event::layout::header_bytes_min;
    if (next->first_sequence >= next_sequence_ && next->first_sequence - next_sequence_ <= lost_max) {
      take_readable_frames(image, segment, fault.offset, walker.offset(), next->first_sequence, reason);
    }
    walked.end = walker.offset();
  }
  return walked;
}

}  // namespace batpak::recovery
