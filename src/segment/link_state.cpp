#include "segment/link_state.hpp"

#include <algorithm>

#include "base/try.hpp"

namespace batpak::segment {

using base::fail;

Result<void> LinkState::check(const CommitHeader& header) const {
  if (header.first_sequence != end.sequence) {
    return fail(ErrorCode::malformed, "the commit's first sequence does not follow the commit before it");
  }
  if (header.previous_crc != previous_crc)
    return fail(ErrorCode::malformed, "the commit does not link to the one before it");
  if (header.session < session) return fail(ErrorCode::malformed, "the commit's session is older than that before it");
  if (header.durable_through < durable_through) {
    return fail(ErrorCode::malformed, "the commit's durable-through lies before that of an earlier commit");
  }
  if (!std::ranges::binary_search(boundaries, header.durable_through)) {
    return fail(ErrorCode::malformed, "the commit's durable-through is not the end of an earlier commit");
  }
  return {};
}

CommitHeader LinkState::next_header(CommitType type, std::uint64_t writing_session, const LogPoint& durable) const {
  CommitHeader header;
  header.type = type;
  header.segment = end.segment;
  header.offset = end.offset;
  header.first_sequence = end.sequence;
  header.session = writing_session;
  header.durable_through = durable;
  header.previous_crc = previous_crc;
  return header;
}

void LinkState::advance(const CommitHeader& header) {
  end = header.end();
  previous_crc = header.commit_crc;
  session = header.session;
  durable_through = header.durable_through;
  while (!boundaries.empty() && boundaries.front() < durable_through) boundaries.pop_front();
  boundaries.push_back(end);
}

void LinkState::enter_segment(std::uint64_t number) {
  end = {.segment = number, .offset = segment_header_bytes, .sequence = end.sequence};
  boundaries.push_back(end);
}

LinkState LinkState::at_segment(const SegmentHeader& header, const CommitHeader& seal_before) {
  LinkState state;
  state.boundaries = {seal_before.durable_through};
  state.durable_through = seal_before.durable_through;
  state.end = {.segment = seal_before.segment, .offset = seal_before.offset, .sequence = seal_before.first_sequence};
  if (state.durable_through < state.end) state.boundaries.push_back(state.end);
  state.advance(seal_before);
  state.enter_segment(header.number);
  return state;
}

}  // namespace batpak::segment
