#include "audit/byte_name.hpp"

#include <array>
#include <span>
#include <string_view>

namespace batpak::audit {
namespace {

namespace layout = event::layout;

struct Part {
  std::size_t end;  // offset of the first byte behind it
  std::string_view name;
};

// The tables are those of event/frame_layout.hpp, segment/commit.hpp and segment/segment_header.hpp.
constexpr std::array<Part, 6> frame_prefix{{{4, "the frame's CRC"},
                                            {8, "the frame's length"},
                                            {10, "the frame's type"},
                                            {12, "the frame's state"},
                                            {16, "the length of the header"},
                                            {48, "the stored event hash"}}};
constexpr std::array<Part, 12> header_start{{{4, "presence"},
                                             {6, "kind"},
                                             {8, "payload version"},
                                             {10, "payload encoding"},
                                             {12, "length of the entity"},
                                             {14, "length of the scope"},
                                             {16, "length of the extensions"},
                                             {20, "lane"},
                                             {24, "index in the batch"},
                                             {28, "batch size"},
                                             {32, "reserved field"},
                                             {64, "content hash"}}};
constexpr std::array<Part, 9> header_end{{{8, "sequence"},
                                          {16, "stream version"},
                                          {24, "time"},
                                          {32, "wall clock"},
                                          {36, "time counter"},
                                          {40, "reserved field"},
                                          {56, "event id"},
                                          {64, "previous sequence"},
                                          {96, "previous hash"}}};
constexpr std::array<Part, 13> commit_header{{{4, "header CRC"},
                                              {8, "commit CRC"},
                                              {12, "magic"},
                                              {16, "type"},
                                              {24, "segment number"},
                                              {32, "offset"},
                                              {40, "first sequence"},
                                              {44, "number of events"},
                                              {48, "length"},
                                              {56, "session"},
                                              {80, "durable-through"},
                                              {84, "CRC of the previous commit"},
                                              {88, "reserved field"}}};
constexpr std::array<Part, 5> commit_end{
    {{8, "tree size"}, {40, "root"}, {48, "signed size"}, {52, "length of the signature list"}, {56, "reserved field"}}};
constexpr std::array<Part, 8> segment_header{{{4, "CRC"},
                                              {8, "length"},
                                              {16, "magic"},
                                              {20, "format version"},
                                              {24, "number of hashes"},
                                              {40, "store id"},
                                              {48, "segment number"},
                                              {56, "first sequence"}}};

std::string_view part_at(std::span<const Part> parts, std::size_t offset, std::string_view otherwise) {
  for (const Part& part : parts) {
    if (offset < part.end) return part.name;
  }
  return otherwise;
}

std::string_view optional_part_at(const event::HeaderView& header, std::size_t offset) {
  std::size_t end = layout::in_header::optional_fields;
  const auto within = [&](bool present, std::size_t size) {
    if (present) end += size;
    return present && offset < end;
  };
  const std::uint32_t presence = header.presence();
  if (within((presence & layout::has_correlation) != 0, 16)) return "correlation";
  if (within((presence & layout::has_causation) != 0, 16)) return "causation";
  if (within((presence & layout::has_idempotency_key) != 0, 32)) return "idempotency key";
  if (within((presence & layout::has_metadata) != 0, 32)) return "metadata hash";
  if (within((presence & layout::has_rule) != 0, 32)) return "rule hash";
  if (within(true, header.entity().size())) return "entity";
  if (within(true, header.scope().size())) return "scope";
  if (within(true, header.extensions().size())) return "extensions";
  return "padding";
}

}  // namespace

std::string name_of_frame_byte(const event::FrameView& frame, std::size_t offset) {
  if (offset < layout::header) return std::string(part_at(frame_prefix, offset, {}));
  const std::size_t header_size = frame.header().bytes().size();
  if (offset < layout::header + header_size) {
    const std::size_t in_header = offset - layout::header;
    const std::size_t chain_at = header_size - layout::in_chain::bytes_size;
    if (in_header >= chain_at) return "the header's " + std::string(part_at(header_end, in_header - chain_at, {}));
    if (in_header >= layout::in_header::optional_fields) {
      return "the header's " + std::string(optional_part_at(frame.header(), in_header));
    }
    return "the header's " + std::string(part_at(header_start, in_header, {}));
  }
  const auto within = [&](ByteView section) {
    return offset < static_cast<std::size_t>(section.data() - frame.bytes().data()) + section.size();
  };
  if (!frame.metadata_section().empty() && within(frame.metadata_section())) return "the metadata";
  if (!frame.rule_section().empty() && within(frame.rule_section())) return "the rule";
  if (within(frame.payload_section())) return "the payload";
  if (!frame.signature().empty() && within(frame.signature())) return "the event signature";
  return "the frame's padding";
}

std::string name_of_commit_byte(const segment::CommitView& commit, std::size_t offset) {
  if (offset < segment::commit_header_bytes) {
    return "the commit header's " + std::string(part_at(commit_header, offset, {}));
  }
  const std::size_t body_end = segment::commit_header_bytes + commit.body.size();
  if (offset < body_end) return commit.seal ? "the seal's body" : "the commit's body";
  if (offset + 4 >= commit.bytes.size()) return "the commit's length at its end";
  return "the commit end's " + std::string(part_at(commit_end, offset - body_end, "signatures"));
}

std::string name_of_segment_header_byte(std::size_t offset) {
  if (offset >= 56 && offset < 72) return "the segment header's salt";
  return "the segment header's " + std::string(part_at(segment_header, offset, "right edge"));
}

}  // namespace batpak::audit
