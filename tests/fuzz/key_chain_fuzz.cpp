// Chains of keys: from anybody, who wants to lead a verifier to a key of theirs.
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"
#include "proof/key_chain.hpp"

namespace batpak::fuzz {
namespace {

const VerifierKey& known() {
  static const VerifierKey key = VerifierKey::make("example.com/log", test_key()->public_key()).value();
  return key;
}

// Witness: decoder_stays_in_bounds, key_chain_is_followed
const Target key_chain("key_chain", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto receipts = proof::parse_key_chain(text);
  if (!receipts) {
    require(!receipts.error().message.empty(), "a refusal says why");
    require(!verify_key_chain(known(), text), "what is no chain is not followed");
    return;
  }
  require(proof::format_key_chain(*receipts) == text, "a chain that is read is written the same way");
  const auto keys = verify_key_chain(known(), text);
  if (!keys) {
    require(!keys.error().message.empty(), "a refusal says why");
    return;
  }
  const auto genesis = event::HeaderView::parse(receipts->front().header);
  require(genesis && genesis->kind() == event::Genesis::kind, "a chain begins where a log begins");
  const std::size_t without_key = keys->spans.front().from == 0 ? 0 : 1;
  require(keys->spans.size() + without_key == receipts->size(),
          "each receipt is of one key, but for a genesis event without one");
  for (std::size_t i = 0; i < keys->spans.size(); ++i) {
    const KeySpan& span = keys->spans[i];
    require(span.covered_by && *span.covered_by > span.from, "a checkpoint covers each change");
    require(i == 0 || keys->spans[i - 1].until == span.from, "the spans follow each other");
    require(keys->at_size(*span.covered_by) != nullptr, "at each size some key is in force");
  }
  // Without any receipt but the last, or with one that stands elsewhere, it leads nowhere.
  for (std::size_t i = 0; i < receipts->size(); ++i) {
    auto fewer = *receipts;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const auto led = verify_key_chain(known(), proof::format_key_chain(fewer));
    require(!led || i + 1 == receipts->size(), "a change that is left out is missed");
    auto other = *receipts;
    other[i].inclusion.sequence += 1;
    require(!verify_key_chain(known(), proof::format_key_chain(other)), "another place is refused");
  }
});

}  // namespace
}  // namespace batpak::fuzz
