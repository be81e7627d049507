// What names a source of lines, so that an import of it can go on later.
#pragma once

#include <functional>
#include <string>

#include "byte_source.hpp"

namespace batpak::cli {

// SHA-256 of all bytes of the source (those of a gzip file unpacked), as 64 hexadecimal digits: what `sha256sum` prints.
// `progress` is called now and then with the bytes taken. A signal to end stops it; the digest then means nothing.
[[nodiscard]] Result<std::string> digest_of(ByteSource& source, const std::function<void(std::uint64_t)>& progress);

}  // namespace batpak::cli
