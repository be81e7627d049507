// What a byte of the log is called: for findings that name the byte.
#pragma once

#include <string>

#include "event/frame_view.hpp"
#include "segment/commit.hpp"

namespace batpak::audit {

// "the payload", "the header's sequence". `offset` is from the start of the frame.
[[nodiscard]] std::string name_of_frame_byte(const event::FrameView& frame, std::size_t offset);

// "the commit header's session", "the root". `offset` is from the start of the commit and not within one of its frames.
[[nodiscard]] std::string name_of_commit_byte(const segment::CommitView& commit, std::size_t offset);

// Of a segment's first 4096 bytes.
[[nodiscard]] std::string name_of_segment_header_byte(std::size_t offset);

}  // namespace batpak::audit
