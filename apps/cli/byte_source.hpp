// Where the bytes of lines come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Some bytes, at most as many as fit; 0 at the end. Errors: those of file_failure(), malformed (a broken gzip file).
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
  // How much of the file was taken, compressed as it lies there.
  [[nodiscard]] virtual std::uint64_t bytes_taken() const = 0;
};

// A regular file, plain or gzip (several members too), told apart by its first bytes.
// Errors: those of file_failure(); invalid_argument for what is no regular file.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_source_file(const std::string& path);

// Standard input, byte for byte, as soon as some are there. A signal to end (interruption()) is the end of it.
[[nodiscard]] std::unique_ptr<ByteSource> standard_input();

}  // namespace batpak::cli
