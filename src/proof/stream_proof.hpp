// The part of batpak/stream_proof.hpp that whoever makes a proof checks before it is given out.
#pragma once

#include "batpak/stream_proof.hpp"

namespace batpak::proof {

// Everything but that the declaration is part of a log that somebody signed.
[[nodiscard]] std::expected<ProvenStream, StreamProofRefusal> check_streams(const StreamProof& proof);

}  // namespace batpak::proof
