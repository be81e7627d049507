// Receipts for strangers: from anybody, who wants them believed.
#include "batpak/offline_receipt.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"

namespace batpak::fuzz {
namespace {

// Witness: decoder_stays_in_bounds, proofs_verify_for_strangers
const Target receipt("receipt", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto parsed = parse_offline_receipt(text);
  if (!parsed) {
    require(!parsed.error().message.empty(), "a refusal says why");
    return;
  }
  require(format_offline_receipt(*parsed) == text, "a receipt that is read is written the same way");
  const auto proven = verify_offline_receipt(*parsed, test_verifier());
  if (!proven) return;
  require(proven->sequence == parsed->inclusion.sequence && proven->sequence < proven->checkpoint.size,
          "what is proven stands where the receipt says");
  // With anything that it rests on changed it proves nothing.
  OfflineReceipt other = *parsed;
  other.event_hash.bytes[0] ^= std::byte{1};
  require(!verify_offline_receipt(other, test_verifier()), "another event hash is refused");
  other = *parsed;
  other.header[other.header.size() / 2] ^= std::byte{1};
  require(!verify_offline_receipt(other, test_verifier()), "another header is refused");
  other = *parsed;
  other.inclusion.sequence += 1;
  require(!verify_offline_receipt(other, test_verifier()), "another place is refused");
  other = *parsed;
  other.inclusion.path.push_back(Hash{});
  require(!verify_offline_receipt(other, test_verifier()), "a longer path is refused");
  other = *parsed;
  other.note.checkpoint.root.bytes[0] ^= std::byte{1};
  require(!verify_offline_receipt(other, test_verifier()), "another root is refused");
});

}  // namespace
}  // namespace batpak::fuzz
