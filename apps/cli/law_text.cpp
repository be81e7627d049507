#include "law_text.hpp"

#include <algorithm>
#include <array>

namespace batpak::cli {
namespace {

using Needs = LawText::Needs;

// What the laws are about.
std::uint64_t anything(const VerifyReport&) { return 1; }
std::uint64_t segments(const VerifyReport& report) { return report.segments; }
std::uint64_t older_segments(const VerifyReport& report) {
  return report.segments - std::min<std::uint64_t>(report.segments, 1);
}
std::uint64_t commits(const VerifyReport& report) { return report.commits; }
std::uint64_t later_commits(const VerifyReport& report) {
  return report.commits - std::min<std::uint64_t>(report.commits, 1);
}
std::uint64_t events(const VerifyReport& report) { return report.events; }
std::uint64_t later_events(const VerifyReport& report) { return report.events - std::min<std::uint64_t>(report.events, 1); }
std::uint64_t metadata(const VerifyReport& report) { return report.subjects.metadata; }
std::uint64_t rules(const VerifyReport& report) { return report.subjects.rules; }
std::uint64_t batches(const VerifyReport& report) { return report.subjects.batches; }
std::uint64_t heads(const VerifyReport& report) { return report.subjects.heads; }
std::uint64_t checkpoints(const VerifyReport& report) { return report.checkpoints_verified; }
std::uint64_t event_signatures(const VerifyReport& report) { return report.event_signatures_verified; }
std::uint64_t signatures(const VerifyReport& report) { return checkpoints(report) + event_signatures(report); }
std::uint64_t known_signatures(const VerifyReport& report) { return report.known_signatures_verified.size(); }

constexpr auto texts = std::to_array<LawText>({
    {Law::store_meta, "store.meta is whole and says the same as the first event of the log", events},
    {Law::segment_set, "all segments are there, none is foreign, and their headers follow each other", segments},
    {Law::segment_seal, "each segment but the last ends in a seal that names the next", older_segments},
    {Law::commit_whole, "every commit is whole", commits},
    {Law::commit_link, "every commit follows the one before it", later_commits},
    {Law::durable_through, "what each commit says of durability names the end of an earlier one", later_commits},
    {Law::frame_crc, "no event's checksum is broken", events},
    {Law::frame_form, "every event has the form that the format asks for", events},
    {Law::content_hash, "every payload is the one that its event's hash was computed over", events},
    {Law::metadata_hash, "so are all metadata", metadata},
    {Law::rule_hash, "so are all rules", rules},
    {Law::event_hash, "every event's hash is that of its fields", events},
    {Law::sequence, "events are numbered without gaps", events},
    {Law::stream_version, "so are the events of each stream", events},
    {Law::previous_event, "every event keeps the hash of the one before it in its stream", later_events},
    {Law::time_order, "times and ids rise from event to event", later_events},
    {Law::batch, "every batch is whole and in one commit", batches},
    {Law::tree_root, "every Merkle root stated in the log is the one of its events", commits},
    {Law::declaration, "every type is declared before its use, and the store's own events are in their places", events},
    {Law::heads, "every declaration of heads is the one of the streams as they were", heads},
    {Law::encoding, "payloads and metadata are canonical", events},
    {Law::erased, "nothing is erased", events},
    {Law::unfinished, "no unfinished write stands at the end", segments},
    {Law::stray_bytes, "nothing stands where nothing should be", segments},
    {Law::stray_file, "no file is among the segments that does not belong there", segments},
    {Law::unreadable, "the device gives back every byte", segments},
    {Law::checkpoint_signature, "every stored checkpoint is signed by the key", checkpoints, Needs::key},
    {Law::unsigned_commit, "no commit lacks a signature that should have one", checkpoints, Needs::key},
    {Law::event_signature, "every signature of an event is good", event_signatures, Needs::key},
    {Law::key_declaration, "nothing is signed with another key than the log declares", signatures, Needs::key},
    {Law::rolled_back, "the log reaches as far as every checkpoint given", anything, Needs::outside},
    {Law::forked, "the log has the history of every checkpoint and receipt given", anything, Needs::outside},
    {Law::unknown_origin, "the log has the name that the key given comes with", anything, Needs::name},
    {Law::known_signature, "what is given from outside is signed by the log's keys", known_signatures,
     Needs::signed_outside},
});

}  // namespace

std::span<const LawText> law_texts() { return texts; }

}  // namespace batpak::cli
