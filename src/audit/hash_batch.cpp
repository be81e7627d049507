#include "audit/hash_batch.hpp"

#include <algorithm>

namespace batpak::audit {

void HashBatch::add(ByteView input, Hash& out) {
  const std::size_t length = base::align_up(input.size(), crypto::Blake3Context::block_bytes);
  if (length > crypto::Blake3Context::chunk_bytes) {
    long_input_.assign(input.begin(), input.end());
    long_input_.resize(length);
    out = context_.hash(long_input_);
    return;
  }
  Group& group = groups_[length / crypto::Blake3Context::block_bytes - 1];
  if (group.inputs.empty()) group.inputs.resize(lanes * length);
  std::byte* const lane = group.inputs.data() + group.count * length;
  // The padding is in the last block; a whole block is quicker to clear than what is left of it.
  std::memset(lane + length - crypto::Blake3Context::block_bytes, 0, crypto::Blake3Context::block_bytes);
  std::memcpy(lane, input.data(), input.size());
  group.out[group.count++] = &out;
  if (group.count == lanes) hash_group(group, length);
}

void HashBatch::flush() {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].count > 0) hash_group(groups_[i], (i + 1) * crypto::Blake3Context::block_bytes);
  }
}

void HashBatch::hash_group(Group& group, std::size_t length) {
  std::array<const std::byte*, lanes> inputs;
  for (std::size_t i = 0; i < group.count; ++i) inputs[i] = group.inputs.data() + i * length;
  std::array<Hash, lanes> hashes;
  context_.hash_many(std::span(inputs).first(group.count), length, std::span(hashes).first(group.count));
  for (std::size_t i = 0; i < group.count; ++i) *group.out[i] = hashes[i];
  group.count = 0;
}

}  // namespace batpak::audit
