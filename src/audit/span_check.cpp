#include "audit/span_check.hpp"

#include <algorithm>
#include <functional>

#include "audit/byte_name.hpp"
#include "audit/changed_byte.hpp"
#include "base/limits.hpp"
#include "batpak/codec.hpp"
#include "crypto/blake3.hpp"
#include "event/draft.hpp"
#include "event/store_events.hpp"
#include "proof/merkle.hpp"

namespace batpak::audit {
namespace {

namespace layout = event::layout;
using segment::CommitView;

constexpr std::size_t frame_bytes_min = layout::header + layout::header_bytes_min + layout::salted_prefix_bytes;

std::uint64_t offset_in(const CommitView& commit, std::uint64_t commit_offset, ByteView part) {
  return commit_offset + static_cast<std::uint64_t>(part.data() - commit.bytes.data());
}

bool every_frame_crc_matches(const CommitView& commit) {
  if (commit.header.type != segment::CommitType::events) return true;
  segment::FrameSplitter frames(commit.body);
  for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
    if (!segment::frame_crc_matches(frame)) return false;
  }
  return true;
}

// Whether what was hashed in the frame around `offset` is what its content hash says.
bool content_hash_holds(const CommitView& commit, std::size_t offset) {
  if (commit.header.type != segment::CommitType::events) return true;
  segment::FrameSplitter frames(commit.body);
  for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
    if (offset >= static_cast<std::size_t>(frame.data() - commit.bytes.data()) + frame.size()) continue;
    const auto parsed = event::FrameView::parse(frame);
    return parsed && (parsed->payload_erased() || parsed->compute_content_hash() == parsed->header().content_hash());
  }
  return true;
}

// A commit whose one changed byte stands at `at`: which law that breaks, in which frame.
Finding name_commit_byte(const OpenSegment& segment, const CommitView& commit, const ChangedByte& change) {
  Place place{.path = segment.path, .offset = commit.header.offset + change.offset, .sequence = {}};
  const std::string where = "in the commit at " + std::to_string(commit.header.offset);
  if (commit.header.type == segment::CommitType::events && change.offset >= segment::commit_header_bytes) {
    segment::FrameSplitter frames(commit.body);
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      const auto frame_at = static_cast<std::size_t>(frame.data() - commit.bytes.data());
      if (change.offset >= frame_at + frame.size()) continue;
      const auto parsed = event::FrameView::parse(frame);
      if (!parsed) break;
      place.sequence = parsed->header().sequence();
      return make_finding(Law::frame_crc, place,
                          name_of_frame_byte(*parsed, change.offset - frame_at) + " was changed in the frame at " +
                              std::to_string(commit.header.offset + frame_at) + ": " + describe(change));
    }
  }
  if (commit.header.count > 0) place.sequence = commit.header.first_sequence;
  return make_finding(Law::commit_whole, place,
                      name_of_commit_byte(commit, change.offset) + " was changed " + where + ": " + describe(change));
}

// Whether a canonical value is a map whose keys are all strings. Integer keys come first, so the first one tells.
bool is_map_of_names(ByteView value) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(value[at]); };
  const bool is_small = (byte(0) & 0xF0U) == 0x80U;
  if (!is_small && byte(0) != 0xDEU) return false;  // a map of yet more entries is larger than metadata may be
  if (byte(0) == 0x80U) return true;
  const unsigned key = byte(is_small ? 1 : 3);
  return (key >= 0xA0U && key <= 0xBFU) || (key >= 0xD9U && key <= 0xDBU);
}

VerifyReport::Subjects subjects_of(const event::HeaderView& header) {
  return {.metadata = header.metadata_hash() ? 1U : 0U,
          .rules = header.rule_hash() ? 1U : 0U,
          .batches = header.batch_size() > 1 ? 1U : 0U,
          .heads = header.kind() == event::HeadsDeclaration::kind ? 1U : 0U};
}

}  // namespace

SpanChecker::SpanChecker(const std::optional<SignerIdentity>& signer)
    : signer_(signer),
      event_hashes_(crypto::event_context()),
      content_hashes_(crypto::content_context()),
      metadata_hashes_(crypto::metadata_context()) {
  if (signer_) key_id_ = signer_->key.key_id(signer_->origin);
}

CheckedSpan SpanChecker::check(const Span& span) {
  CheckedSpan out;
  frames_.clear();
  for (const CommitView& commit : span.commits) split(commit, commit.header.offset, out);
  if (span.fault) examine_fault(span, out);
  hash_frames(span.segment->path, out);
  return out;
}

void SpanChecker::split(const CommitView& commit, std::uint64_t offset, CheckedSpan& out) {
  CheckedCommit checked;
  checked.view = commit;
  checked.begin = offset;
  checked.end = offset + commit.header.length;
  checked.first_event = frames_.size();
  if (commit.header.type == segment::CommitType::events) {
    segment::FrameSplitter frames(commit.body);
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      frames_.push_back({.bytes = frame, .offset = offset_in(commit, offset, frame)});
    }
  }
  checked.events = frames_.size() - checked.first_event;
  out.commits.push_back(std::move(checked));
}

void SpanChecker::examine_fault(const Span& span, CheckedSpan& out) {
  const OpenSegment& segment = *span.segment;
  const FaultyRange& range = *span.fault;
  if (segment.salt_known && mend_commit(segment, range, out)) return;
  out.findings.push_back(
      make_finding(Law::commit_whole,
                   {.path = segment.path,
                    .offset = range.begin,
                    .sequence = range.fault.header ? std::optional(range.fault.header->first_sequence) : std::nullopt},
                   range.fault.error.message));
  CheckedCommit checked;
  checked.begin = range.begin;
  checked.end = range.end;
  checked.next_sequence = range.next_sequence;
  checked.first_event = frames_.size();
  search_frames(segment, range.begin, range.end, out);
  checked.events = frames_.size() - checked.first_event;
  out.commits.push_back(std::move(checked));
}

// Tries to undo the change of one byte, first of the header, then of the whole. What comes out must be a whole commit with whole
// frames, and every hash in it is then recomputed like those of any other.
bool SpanChecker::mend_commit(const OpenSegment& segment, const FaultyRange& range, CheckedSpan& out) {
  const ByteView there = ByteView(segment.image.bytes).subspan(range.begin, range.end - range.begin);
  if (there.size() < segment::commit_header_bytes) return false;
  const auto undo = [&](const ChangedByte& change, std::size_t length) {
    Bytes mended(there.begin(), there.begin() + static_cast<std::ptrdiff_t>(length));
    mended[change.offset] = change.was;
    return mended;
  };
  const auto decode = [&](const Bytes& mended) -> std::optional<CommitView> {
    auto commit = segment::decode_commit(mended, segment.header.salt, segment.header.number, range.begin);
    if (!commit || !every_frame_crc_matches(*commit)) return std::nullopt;
    return *std::move(commit);
  };
  const auto take = [&](const ChangedByte& change, std::size_t length) {
    Bytes mended = undo(change, length);
    const auto commit = decode(mended);
    out.findings.push_back(name_commit_byte(segment, *commit, change));
    split(*commit, range.begin, out);
    out.mended.push_back(std::move(mended));  // keeps its address
    return true;
  };
  if (range.fault.header) {
    const std::size_t length = range.fault.header->length;
    if (length > there.size()) return false;
    // In a commit of megabytes several changes may explain the CRCs. The hashes tell which of them it was.
    std::optional<ChangedByte> explained;
    for (const ChangedByte& change :
         explain_by_one_byte(there.first(length), {.crc_at = 4, .covered_at = 8, .salt = segment.header.salt})) {
      const Bytes mended = undo(change, length);
      const auto commit = decode(mended);
      if (!commit) continue;
      if (content_hash_holds(*commit, change.offset)) return take(change, length);
      if (!explained) explained = change;
    }
    return explained && take(*explained, length);
  }
  for (const ChangedByte& change : explain_by_one_byte(there.first(segment::commit_header_bytes),
                                                       {.crc_at = 0, .covered_at = 4, .salt = segment.header.salt})) {
    Bytes header(there.begin(), there.begin() + segment::commit_header_bytes);
    header[change.offset] = change.was;
    const auto decoded = segment::decode_commit_header(header, segment.header.salt);
    if (!decoded || decoded->length > there.size() || !decode(undo(change, decoded->length))) continue;
    return take(change, decoded->length);
  }
  return false;
}

// Finds the frames that are still there: one after the other by their lengths, and where that fails by their CRCs.
void SpanChecker::search_frames(const OpenSegment& segment, std::uint64_t begin, std::uint64_t end, CheckedSpan& out) {
  const ByteView image(segment.image.bytes);
  std::uint64_t search_budget = 64 * (end - begin) + (1U << 20U);  // bytes to compute CRCs of: a bound on hostile logs
  const auto plausible = [&](std::uint64_t at) {
    const std::uint64_t length = base::load_le<std::uint32_t>(image.data() + at + 4);
    const auto type = base::load_le<std::uint16_t>(image.data() + at + layout::frame_type);
    if (type != layout::frame_type_event || length % 8 != 0 || length < frame_bytes_min || length > end - at) {
      return std::uint64_t{0};
    }
    return length;
  };
  std::uint64_t lost_from = end;
  const auto report_lost = [&](std::uint64_t until) {
    if (lost_from >= until) return;
    out.findings.push_back(make_finding(
        Law::frame_crc, {.path = segment.path, .offset = lost_from},
        "no whole frame is to be found in these " + std::to_string(until - lost_from) + " bytes of a damaged commit"));
    lost_from = end;
  };
  std::uint64_t at = begin + segment::commit_header_bytes;
  bool expected = true;  // a frame should begin here, for a commit or another frame ends here
  while (at + frame_bytes_min <= end) {
    const std::uint64_t length = plausible(at);
    const ByteView frame = image.subspan(at, length);
    bool taken = false;
    if (length != 0 && length <= search_budget) {
      search_budget -= length;
      if (segment::frame_crc_matches(frame)) {
        frames_.push_back({.bytes = frame, .offset = at});
        taken = true;
      } else if (expected) {
        taken = mend_frame(segment, frame, at, out);
      }
    }
    if (taken) {
      report_lost(at);
      at += length;
    } else {
      if (expected) lost_from = at;
      at += 8;
    }
    expected = taken;
  }
  // What follows the last frame found is the commit's own end, or lost events: their sequences then are missing.
}

// A frame that is where one should be, with a CRC that does not match.
bool SpanChecker::mend_frame(const OpenSegment& segment, ByteView frame, std::uint64_t offset, CheckedSpan& out) {
  for (const ChangedByte& change : explain_by_one_byte(frame, {.crc_at = 0, .covered_at = 4, .salt = {}})) {
    if (change.offset >= 4 && change.offset < 8) continue;  // another length would be another frame
    Bytes mended(frame.begin(), frame.end());
    mended[change.offset] = change.was;
    const auto parsed = event::FrameView::parse(mended);
    if (!parsed || parsed->header().compute_event_hash() != parsed->event_hash()) continue;
    out.findings.push_back(make_finding(
        Law::frame_crc, {.path = segment.path, .offset = offset + change.offset, .sequence = parsed->header().sequence()},
        name_of_frame_byte(*parsed, change.offset) + " was changed in the frame at " + std::to_string(offset) + ": " +
            describe(change)));
    out.mended.push_back(std::move(mended));
    frames_.push_back({.bytes = out.mended.back(), .offset = offset});
    return true;
  }
  const auto parsed = event::FrameView::parse(frame);
  if (!parsed) return false;
  out.findings.push_back(make_finding(Law::frame_crc,
                                      {.path = segment.path, .offset = offset, .sequence = parsed->header().sequence()},
                                      "the frame's CRC does not match, and more than one byte of it was changed"));
  frames_.push_back({.bytes = frame, .offset = offset, .crc_known_bad = true});
  return true;
}

void SpanChecker::hash_frames(std::string_view path, CheckedSpan& out) {
  out.events.resize(frames_.size());
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const FoundFrame& found = frames_[i];
    EventFacts& facts = out.events[i];
    facts.offset = found.offset;
    if (!found.crc_known_bad && !segment::frame_crc_matches(found.bytes)) {
      out.findings.push_back(make_finding(Law::frame_crc, {.path = path, .offset = found.offset},
                                          "the frame's CRC does not match, though that of its commit does"));
    }
    const auto parsed = event::FrameView::parse(found.bytes);
    if (!parsed) {
      out.findings.push_back(make_finding(Law::frame_form, {.path = path, .offset = found.offset}, parsed.error().message));
      continue;
    }
    facts.frame = *parsed;
    out.subjects.add(subjects_of(parsed->header()));
    event_hashes_.add(parsed->header().bytes(), facts.event_hash);
    if (!parsed->payload_erased()) content_hashes_.add(parsed->payload_section(), facts.content_hash);
    if (!parsed->metadata().empty()) metadata_hashes_.add(parsed->metadata_section(), facts.metadata_hash);
  }
  event_hashes_.flush();
  content_hashes_.flush();
  metadata_hashes_.flush();
  for (EventFacts& facts : out.events) {
    if (facts.frame) compare(path, facts, out.findings);
  }
}

void SpanChecker::compare(std::string_view path, EventFacts& facts, std::vector<Finding>& findings) const {
  const event::FrameView& frame = *facts.frame;
  const event::HeaderView& header = frame.header();
  const auto report = [&](Law law, ByteView part, std::string message) {
    const auto offset = static_cast<std::uint64_t>(part.data() - frame.bytes().data());
    findings.push_back(make_finding(law, {.path = path, .offset = facts.offset + offset, .sequence = header.sequence()},
                                    std::move(message)));
  };
  facts.leaf = proof::leaf_hash(frame.event_hash());
  facts.entity_hash = std::hash<std::string_view>{}(header.entity());
  if (frame.payload_erased()) {
    report(Law::erased, frame.payload_section(), "the payload is erased, and no erasure event covers it");
  } else {
    if (facts.content_hash != header.content_hash()) {
      report(Law::content_hash, frame.payload_section(),
             "the payload or its salt is not what the header's content hash says");
    }
    if (const auto canonical = check_canonical(frame.payload()); !canonical) {
      report(Law::encoding, frame.payload(), "the payload is not canonical MessagePack: " + canonical.error().message);
    }
  }
  if (const auto stated = header.metadata_hash()) {
    if (frame.metadata_erased()) {
      report(Law::erased, frame.metadata_section(), "the metadata is erased, and no erasure event covers it");
    } else {
      if (facts.metadata_hash != *stated) {
        report(Law::metadata_hash, frame.metadata_section(),
               "the metadata or its salt is not what the header's metadata hash says");
      }
      const auto canonical = check_canonical(frame.metadata());
      if (!canonical || !is_map_of_names(frame.metadata())) {
        report(Law::encoding, frame.metadata(),
               "the metadata is not a map with string keys in canonical MessagePack" +
                   (canonical ? "" : ": " + canonical.error().message));
      }
    }
  }
  if (const auto stated = header.rule_hash(); stated && frame.compute_rule_hash() != *stated) {
    report(Law::rule_hash, frame.rule_section(), "the rule is not what the header's rule hash says");
  }
  if (const ByteView signature = frame.signature(); !signature.empty()) {
    facts.signature = SignatureState::not_checked;
    if (signer_) {
      const bool ours = std::ranges::equal(signature.first(key_id_.size()), key_id_);
      const bool good = ours && signer_->key.verifies(event::event_signature_input(signer_->origin, frame.event_hash()),
                                                      signature.subspan(key_id_.size()));
      facts.signature = good ? SignatureState::good : ours ? SignatureState::bad : SignatureState::other_key;
    }
  }
}

}  // namespace batpak::audit
