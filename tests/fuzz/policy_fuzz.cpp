// Policies: which logs and witnesses somebody trusts.
#include "batpak/trust_policy.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::fuzz {
namespace {

const CheckpointNote& signed_note() {
  static const CheckpointNote note = [] {
    CheckpointNote made;
    made.checkpoint = {.origin = "example.com/log", .size = 7, .root = {}};
    made.text = note_body(made.checkpoint);
    made.signatures = {proof::sign_checkpoint(made.checkpoint, *test_key()).value()};
    return made;
  }();
  return note;
}

// Witness: decoder_stays_in_bounds
const Target policy("policy", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto parsed = TrustPolicy::parse(text);
  if (!parsed) return;
  require(text.empty() || text.back() == '\n', "a policy ends with a line");
  require(TrustPolicy::parse(std::string(text) + "quorum none\n").has_value() == false, "a policy has one quorum");
  require(TrustPolicy::parse("# a remark\n" + std::string(text)).has_value(), "a remark changes nothing");
  auto nobody = signed_note();
  nobody.signatures.clear();
  if (parsed->verify(nobody)) require(parsed->logs().empty(), "a policy that names a log wants its signature");
  auto changed = signed_note();
  changed.text += "another line\n";
  if (parsed->verify(changed)) require(parsed->logs().empty(), "a signature is of the whole text");
});

}  // namespace
}  // namespace batpak::fuzz
