#include "law_text.hpp"

#include <array>

namespace batpak::cli {
namespace {

using Needs = LawText::Needs;

constexpr auto texts = std::to_array<LawText>({
    {Law::store_meta, "store.meta is whole and says the same as the first event of the log"},
    {Law::segment_set, "all segments are there, none is foreign, and their headers follow each other"},
    {Law::segment_seal, "each segment but the last ends in a seal that names the next"},
    {Law::commit_whole, "every commit is whole"},
    {Law::commit_link, "every commit follows the one before it"},
    {Law::durable_through, "what each commit says of durability names the end of an earlier one"},
    {Law::frame_crc, "no event's checksum is broken"},
    {Law::frame_form, "every event has the form that the format asks for"},
    {Law::content_hash, "every payload is the one that its event's hash was computed over"},
    {Law::metadata_hash, "so are all metadata"},
    {Law::rule_hash, "so are all rules"},
    {Law::event_hash, "every event's hash is that of its fields"},
    {Law::sequence, "events are numbered without gaps"},
    {Law::stream_version, "so are the events of each stream"},
    {Law::previous_event, "every event keeps the hash of the one before it in its stream"},
    {Law::time_order, "times and ids rise from event to event"},
    {Law::batch, "every batch is whole and in one commit"},
    {Law::tree_root, "every Merkle root stated in the log is the one of its events"},
    {Law::declaration, "every type is declared before its use, and the store's own events are in their places"},
    {Law::heads, "every declaration of heads is the one of the streams as they were"},
    {Law::encoding, "payloads and metadata are canonical"},
    {Law::erased, "nothing is erased"},
    {Law::unfinished, "no unfinished write stands at the end"},
    {Law::stray_bytes, "nothing stands where nothing should be"},
    {Law::stray_file, "no file is among the segments that does not belong there"},
    {Law::unreadable, "the device gives back every byte"},
    {Law::checkpoint_signature, "every stored checkpoint is signed by the key", Needs::key},
    {Law::unsigned_commit, "no commit lacks a signature that should have one", Needs::key},
    {Law::event_signature, "every signature of an event is good", Needs::key},
    {Law::key_declaration, "nothing is signed with another key than the log declares", Needs::key},
    {Law::rolled_back, "the log reaches as far as every checkpoint given", Needs::outside},
    {Law::forked, "the log has the history of every checkpoint and receipt given", Needs::outside},
    {Law::unknown_origin, "the log has the name that the key given comes with", Needs::name},
    {Law::known_signature, "what is given from outside is signed by the log's keys", Needs::signed_outside},
});

}  // namespace

std::span<const LawText> law_texts() { return texts; }

}  // namespace batpak::cli
