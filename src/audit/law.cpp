#include "batpak/verify.hpp"

namespace batpak {

std::string_view to_string(Law law) noexcept {
  switch (law) {
    case Law::store_meta: return "store_meta";
    case Law::segment_set: return "segment_set";
    case Law::segment_seal: return "segment_seal";
    case Law::commit_whole: return "commit_whole";
    case Law::commit_link: return "commit_link";
    case Law::durable_through: return "durable_through";
    case Law::frame_crc: return "frame_crc";
    case Law::frame_form: return "frame_form";
    case Law::content_hash: return "content_hash";
    case Law::metadata_hash: return "metadata_hash";
    case Law::rule_hash: return "rule_hash";
    case Law::event_hash: return "event_hash";
    case Law::sequence: return "sequence";
    case Law::stream_version: return "stream_version";
    case Law::previous_event: return "previous_event";
    case Law::time_order: return "time_order";
    case Law::batch: return "batch";
    case Law::tree_root: return "tree_root";
    case Law::checkpoint_signature: return "checkpoint_signature";
    case Law::unsigned_commit: return "unsigned_commit";
    case Law::event_signature: return "event_signature";
    case Law::key_declaration: return "key_declaration";
    case Law::declaration: return "declaration";
    case Law::heads: return "heads";
    case Law::encoding: return "encoding";
    case Law::erased: return "erased";
    case Law::unfinished: return "unfinished";
    case Law::stray_bytes: return "stray_bytes";
    case Law::stray_file: return "stray_file";
    case Law::unreadable: return "unreadable";
    case Law::rolled_back: return "rolled_back";
    case Law::forked: return "forked";
    case Law::unknown_origin: return "unknown_origin";
    case Law::known_signature: return "known_signature";
  }
  return "unknown";
}

}  // namespace batpak
