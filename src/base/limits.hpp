// The bounds of everything that comes from outside or grows. Each length read is compared with one of these before use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace batpak::limits {

inline constexpr std::uint64_t payload_bytes_max = 16ULL << 20;
inline constexpr std::uint64_t batch_bytes_max = 32ULL << 20;  // frames of one batch, as laid out in the commit
inline constexpr std::uint32_t batch_events_max = 1U << 20;
inline constexpr std::uint64_t commit_bytes_max = 40ULL << 20;  // one batch, its declarations, and the commit around it
inline constexpr std::size_t coordinate_part_bytes_max = 1024;
inline constexpr std::size_t metadata_entries_max = 64;
inline constexpr std::size_t metadata_bytes_max = 64U << 10;  // canonical bytes of the whole map
inline constexpr std::size_t rule_bytes_max = 64U << 10;
inline constexpr std::size_t extension_bytes_max = 4096;
inline constexpr std::size_t signature_list_max = 64;  // signatures stored in one commit
inline constexpr std::size_t signature_bytes_max = 1024;
inline constexpr std::size_t origin_bytes_max = 255;
inline constexpr std::size_t event_name_bytes_max = 255;
inline constexpr std::uint64_t segment_bytes_min = 64ULL << 10;
inline constexpr std::uint64_t segment_bytes_max = 1ULL << 30;
// Of its file: behind the last event that fits there are a few idle marks, each with its gap, and the seal.
inline constexpr std::uint64_t segment_file_bytes_max = segment_bytes_max + (128ULL << 10);
inline constexpr std::uint64_t segment_bytes_default = 64ULL << 20;
inline constexpr std::size_t codec_depth_max = 64;
inline constexpr std::uint32_t sector_bytes = 4096;  // what an idle mark must not share with what it guards

}  // namespace batpak::limits
