#include "crypto/blake3.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>  // blake3_impl.h includes it too, but from within extern "C", where it must not be met first
#endif
extern "C" {
#include <blake3.h>
#include <blake3_impl.h>
}

namespace batpak::crypto {
namespace {

static_assert(sizeof(Hash) == BLAKE3_OUT_LEN);
static_assert(Blake3Context::chunk_bytes == BLAKE3_CHUNK_LEN);
static_assert(Blake3Context::block_bytes == BLAKE3_BLOCK_LEN);

constexpr std::size_t lanes_max = 16;  // inputs hashed at once by the widest instructions there are
static_assert(MAX_SIMD_DEGREE <= lanes_max);

// BLAKE3 asks the processor for its features at the first compression and keeps the answer in a plain global. That write
// must not race, so it happens here, before any thread can hash anything.
void detect_processor_once() {
  static const std::size_t lanes = blake3_simd_degree();
  static_cast<void>(lanes);
}

[[nodiscard]] const std::uint8_t* octets(const std::byte* at) noexcept { return reinterpret_cast<const std::uint8_t*>(at); }
[[nodiscard]] std::uint8_t* octets(std::byte* at) noexcept { return reinterpret_cast<std::uint8_t*>(at); }

// A message of at most one chunk: a chain of blocks, of which the last is the root. This is what the library's hasher comes
// down to, without its two kilobytes of state.
[[nodiscard]] Hash hash_chunk(const std::array<std::uint32_t, 8>& key, std::uint8_t mode, ByteView input) noexcept {
  std::array<std::uint32_t, 8> chain = key;
  std::uint8_t flags = mode | CHUNK_START;
  const std::byte* at = input.data();
  std::size_t left = input.size();
  while (left > BLAKE3_BLOCK_LEN) {
    blake3_compress_in_place(chain.data(), octets(at), BLAKE3_BLOCK_LEN, 0, flags);
    flags = mode;
    at += BLAKE3_BLOCK_LEN;
    left -= BLAKE3_BLOCK_LEN;
  }
  flags = static_cast<std::uint8_t>(flags | CHUNK_END | ROOT);
  if (left == BLAKE3_BLOCK_LEN) {
    blake3_compress_in_place(chain.data(), octets(at), BLAKE3_BLOCK_LEN, 0, flags);
  } else {
    std::array<std::byte, BLAKE3_BLOCK_LEN> last{};
    if (left > 0) std::memcpy(last.data(), at, left);
    blake3_compress_in_place(chain.data(), octets(last.data()), static_cast<std::uint8_t>(left), 0, flags);
  }
  Hash hash;
  for (std::size_t i = 0; i < chain.size(); ++i) base::store_le(hash.bytes.data() + 4 * i, chain[i]);
  return hash;
}

}  // namespace

Blake3Context::Blake3Context(std::string_view context) {
  detect_processor_once();
  blake3_hasher hasher;
  blake3_hasher_init_derive_key_raw(&hasher, context.data(), context.size());
  std::copy(std::begin(hasher.key), std::end(hasher.key), key_.begin());
}

Hash Blake3Context::hash(ByteView input) const noexcept {
  if (input.size() <= BLAKE3_CHUNK_LEN) return hash_chunk(key_, DERIVE_KEY_MATERIAL, input);
  std::array<std::byte, BLAKE3_KEY_LEN> key;
  for (std::size_t i = 0; i < key_.size(); ++i) base::store_le(key.data() + 4 * i, key_[i]);
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, octets(key.data()));
  hasher.chunk.flags = DERIVE_KEY_MATERIAL;  // all that tells this mode from the keyed one once the key is known
  blake3_hasher_update(&hasher, input.data(), input.size());
  Hash hash;
  blake3_hasher_finalize(&hasher, octets(hash.bytes.data()), hash.bytes.size());
  return hash;
}

void Blake3Context::hash_many(std::span<const std::byte* const> inputs, std::size_t length,
                              std::span<Hash> out) const noexcept {
  assert(length > 0 && length % block_bytes == 0 && length <= chunk_bytes);
  assert(inputs.size() == out.size());
  const std::size_t lanes = std::min(blake3_simd_degree(), lanes_max);
  const auto compress = [&](std::span<const std::uint8_t* const> group, Hash* hashes) {
    blake3_hash_many(group.data(), group.size(), length / block_bytes, key_.data(), 0, false, DERIVE_KEY_MATERIAL,
                     CHUNK_START, CHUNK_END | ROOT, octets(hashes->bytes.data()));
  };
  std::array<const std::uint8_t*, lanes_max> group;
  for (std::size_t done = 0; done < inputs.size();) {
    const std::size_t count = std::min(lanes, inputs.size() - done);
    for (std::size_t i = 0; i < count; ++i) group[i] = octets(inputs[done + i]);
    // A group that leaves lanes empty would be hashed as several smaller ones, 15 inputs as 8 + 4 + 2 + 1 in twice the time
    // of 16. So the last input stands in the empty lanes, up to the next width that the processor has.
    const std::size_t width = std::min(std::bit_ceil(count), lanes);
    if (width == count) {
      compress({group.data(), count}, &out[done]);
    } else {
      std::fill(group.begin() + static_cast<std::ptrdiff_t>(count), group.begin() + static_cast<std::ptrdiff_t>(width),
                group[count - 1]);
      std::array<Hash, lanes_max> hashes;
      compress({group.data(), width}, hashes.data());
      std::copy_n(hashes.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(done));
    }
    done += count;
  }
}

const Blake3Context& event_context() {
  static const Blake3Context context("batpak event v1");
  return context;
}

const Blake3Context& content_context() {
  static const Blake3Context context("batpak content v1");
  return context;
}

const Blake3Context& metadata_context() {
  static const Blake3Context context("batpak metadata v1");
  return context;
}

const Blake3Context& rule_context() {
  static const Blake3Context context("batpak rule v1");
  return context;
}

Hash blake3(ByteView input) {
  detect_processor_once();
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, input.data(), input.size());
  Hash hash;
  blake3_hasher_finalize(&hasher, octets(hash.bytes.data()), hash.bytes.size());
  return hash;
}

}  // namespace batpak::crypto
