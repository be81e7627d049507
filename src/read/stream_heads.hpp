// The last event of every stream, as of some size of the log.
#pragma once

#include <vector>

#include "index/mapped_segments.hpp"
#include "index/tail_index.hpp"
#include "proof/heads_tree.hpp"

namespace batpak::read {

// In the order of the leaves of a heads tree; the names are the index's. It believes the hashes that frames state. The writer
// goes on meanwhile. Precondition: `size` events are visible. Errors: corrupt for a last event that cannot be read.
[[nodiscard]] Result<std::vector<proof::DeclaredHead>> stream_heads(const index::TailIndex& index,
                                                                    const index::MappedSegments& maps, std::uint64_t size);

}  // namespace batpak::read
