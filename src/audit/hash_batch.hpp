// Hashes many short inputs several at once.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/blake3.hpp"

namespace batpak::audit {

// Inputs as they stand in a frame are gathered by their length in blocks, zero-padded, and hashed when there are enough of one
// length to fill the processor's lanes. Long ones are hashed at once by themselves.
//
// Threads: one.
class HashBatch {
 public:
  explicit HashBatch(const crypto::Blake3Context& context) : context_(context) {}

  // `out` must stay where it is until flush().
  void add(ByteView input, Hash& out);
  void flush();

 private:
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t lengths = crypto::Blake3Context::chunk_bytes / crypto::Blake3Context::block_bytes;

  struct Group {
    Bytes inputs;  // of all lanes, one after the other
    std::array<Hash*, lanes> out{};
    std::size_t count = 0;
  };
  void hash_group(Group& group, std::size_t length);

  const crypto::Blake3Context& context_;
  std::array<Group, lengths> groups_;
  Bytes long_input_;
};

}  // namespace batpak::audit
