// Consistency proofs: from anybody, who wants them believed. The input is the checkpoint that somebody kept, and behind it the
// text that is to go on from it.
#include "batpak/signed_consistency.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"

namespace batpak::fuzz {
namespace {

// Witness: decoder_stays_in_bounds, proofs_verify_for_strangers
const Target consistency("consistency", [](ByteView input) {
  const std::string_view whole = base::as_text(input);
  const std::size_t behind = whole.find("\nold ");
  const std::size_t begin = behind == std::string_view::npos ? 0 : behind + 1;
  const std::string_view text = whole.substr(begin);
  const auto parsed = parse_consistency(text);
  if (!parsed) {
    require(!parsed.error().message.empty(), "a refusal says why");
    return;
  }
  require(is_consistency(text), "a proof that is read begins as one");
  require(format_consistency(parsed->proof, parsed->note) == text, "a proof that is read is written the same way");
  const auto older = parse_note(whole.substr(0, begin));
  if (!older) return;
  const auto proven = verify_signed_consistency(*parsed, *older, test_verifier());
  if (!proven) {
    require(!proven.error().message.empty(), "a refusal says why");
    return;
  }
  require(proven->older == older->checkpoint && proven->newer == parsed->note.checkpoint,
          "what is proven is what was compared");
  require(proven->older.size <= proven->newer.size, "a log goes on forwards");
  // With anything that it rests on changed it proves nothing.
  SignedConsistency other = *parsed;
  other.proof.path.push_back(Hash{});
  require(!verify_signed_consistency(other, *older, test_verifier()), "a longer path is refused");
  other = *parsed;
  other.proof.old_size += 1;
  require(!verify_signed_consistency(other, *older, test_verifier()), "another size is refused");
  other = *parsed;
  other.note.checkpoint.root.bytes[0] ^= std::byte{1};
  require(!verify_signed_consistency(other, *older, test_verifier()), "another root is refused");
  CheckpointNote another = *older;
  another.checkpoint.root.bytes[0] ^= std::byte{1};
  require(!verify_signed_consistency(*parsed, another, test_verifier()), "another older root is refused");
  if (parsed->proof.path.empty()) return;
  other = *parsed;
  other.proof.path.front().bytes[0] ^= std::byte{1};
  require(!verify_signed_consistency(other, *older, test_verifier()), "another path is refused");
});

}  // namespace
}  // namespace batpak::fuzz
