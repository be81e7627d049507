// The CRCs of frames as a forger would leave them.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "segment/commit.hpp"

namespace batpak::fuzz {

// Of a commit of events; any other has no frames. Precondition: a commit's header stands there, as long as the commit.
inline void mend_frames(std::span<std::byte> commit) {
  if (base::load_le<std::uint32_t>(commit.data() + 12) != static_cast<std::uint32_t>(segment::CommitType::events)) return;
  std::size_t at = segment::commit_header_bytes;
  for (std::uint32_t i = base::load_le<std::uint32_t>(commit.data() + 40); i > 0; --i) {
    const auto frame = segment::frame_at(commit.subspan(at));
    if (!frame) return;
    base::store_le(commit.data() + at, base::crc32c(frame->subspan(4)));
    at += frame->size();
  }
}

}  // namespace batpak::fuzz
