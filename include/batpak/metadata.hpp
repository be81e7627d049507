// A small map of names to values beside an event's payload, bound into its hash.
#pragma once

#include <map>
#include <string>

#include "batpak/value.hpp"

namespace [[gnu::visibility("default")]] batpak {

// At most 64 entries and 64 KiB encoded; names are UTF-8 of 1–255 bytes. Names beginning "$batpak." are the store's own: the
// command line's import keeps the source's digest and line number under them.
using Metadata = std::map<std::string, Value, std::less<>>;

}  // namespace batpak
