// Which logs and witnesses somebody trusts, and how many of these must have seen a checkpoint (C2SP tlog-policy).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/cosignature.hpp"

namespace [[gnu::visibility("default")]] batpak {

// That a witness cosigned a checkpoint, verified.
struct Cosignature {
  std::string witness;              // as the policy calls it
  std::string key_name;             // as its key does
  std::chrono::sys_seconds time{};  // when, as it says itself; may be before, behind or beyond anything sensible

  friend bool operator==(const Cosignature&, const Cosignature&) = default;
};

// Read from a text of lines:
//
//   log <verifier key> [<url>]
//   witness <name> <cosigner key> [<url>]
//   group <name> any|all|<k> <name>…
//   quorum <name>|none
//
// A witness may have a key of another algorithm than Ed25519, such as ML-DSA-44: its cosignatures never count, since nothing here
// verifies them, and a quorum that cannot be reached without it is never reached. The key of a log is Ed25519.
//
// Threads: a plain value.
class TrustPolicy {
 public:
  static constexpr std::size_t bytes_max = 256U << 10;
  static constexpr std::size_t names_max = 1024;  // of logs, witnesses and groups, each

  // Errors: malformed, with the number of the line; malformed_key likewise; too_large.
  [[nodiscard]] static Result<TrustPolicy> parse(std::string_view text);

  [[nodiscard]] const std::vector<VerifierKey>& logs() const noexcept { return logs_; }

  // Succeeds when the note is signed by one of the policy's logs, whose name is the note's origin, or the policy names no log;
  // and when witnesses cosigned it as the quorum asks. Signatures by others do not matter; one of a key named here that is not
  // good does. Gives the cosignatures of all witnesses that the policy names, in its order. Errors: bad_signature.
  [[nodiscard]] Result<std::vector<Cosignature>> verify(const CheckpointNote& note) const;

 private:
  // A witness, or a group of those before it.
  struct Member {
    std::string name;
    std::optional<CosignerKey> key;  // of a witness whose cosignatures can be verified
    std::size_t needed = 1;
    std::vector<std::size_t> members;  // of a group
  };
  friend class TrustPolicyParser;

  std::vector<VerifierKey> logs_;
  std::vector<Member> members_;
  std::optional<std::size_t> quorum_;  // none: no cosignature is needed
};

}  // namespace batpak
