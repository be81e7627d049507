// Proofs that nothing was left out: from anybody, who wants them believed.
#include "batpak/stream_proof.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"

namespace batpak::fuzz {
namespace {

// Witness: decoder_stays_in_bounds, nothing_left_out_is_provable
const Target stream_proof("stream_proof", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto parsed = parse_stream_proof(text);
  if (!parsed) {
    require(!parsed.error().message.empty(), "a refusal says why");
    return;
  }
  require(is_stream_proof(text), "a proof that is read says what it is");
  require(format_stream_proof(*parsed) == text, "a proof that is read is written the same way");
  const auto proven = verify_stream_proof(*parsed, test_verifier());
  if (!proven) return;
  require(proven->entity == parsed->entity && proven->events.size() == parsed->events.size(),
          "what is proven is what the proof shows");
  require(proven->log_size <= proven->declaration.sequence, "a declaration speaks of what is before it");
  // With anything that it rests on changed it proves nothing.
  StreamProof other = *parsed;
  other.leaves.pop_back();
  require(!verify_stream_proof(other, test_verifier()), "with a leaf left out it is refused");
  other = *parsed;
  other.leaves.front().data.back() ^= std::byte{1};
  require(!verify_stream_proof(other, test_verifier()), "another leaf is refused");
  other = *parsed;
  other.declaration.inclusion.path.push_back(Hash{});
  require(!verify_stream_proof(other, test_verifier()), "another way of the declaration is refused");
  if (parsed->events.empty()) return;
  other = *parsed;
  other.events.pop_back();
  require(!verify_stream_proof(other, test_verifier()), "with an event left out it is refused");
  other = *parsed;
  other.events.push_back(other.events.back());
  require(!verify_stream_proof(other, test_verifier()), "with an event more it is refused");
  other = *parsed;
  other.events.front().header[other.events.front().header.size() / 2] ^= std::byte{1};
  require(!verify_stream_proof(other, test_verifier()), "with another event it is refused");
});

}  // namespace
}  // namespace batpak::fuzz
