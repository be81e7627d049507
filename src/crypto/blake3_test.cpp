#include "crypto/blake3.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/hex.hpp"

namespace batpak::crypto {
namespace {

// The input of BLAKE3's own test vectors: 0, 1, … 250, 0, 1, ….
Bytes counting_bytes(std::size_t size, std::size_t first = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((first + i) % 251);
  return bytes;
}

std::string hex(const Hash& hash) { return base::to_hex(hash.bytes); }

struct Vector {
  std::size_t size;
  std::string hash;
};

// The first 32 bytes of "derive_key" in test_vectors.json of the BLAKE3 project.
const std::vector<Vector> derive_key_vectors{
    {0, "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d"},
    {1, "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c"},
    {2, "1f166565a7df0098ee65922d7fea425fb18b9943f19d6161e2d17939356168e6"},
    {63, "b6451e30b953c206e34644c6803724e9d2725e0893039cfc49584f991f451af3"},
    {64, "a5c4a7053fa86b64746d4bb688d06ad1f02a18fce9afd3e818fefaa7126bf73e"},
    {65, "51fd05c3c1cfbc8ed67d139ad76f5cf8236cd2acd26627a30c104dfd9d3ff8a8"},
    {127, "c91c090ceee3a3ac81902da31838012625bbcd73fcb92e7d7e56f78deba4f0c3"},
    {128, "81720f34452f58a0120a58b6b4608384b5c51d11f39ce97161a0c0e442ca0225"},
    {129, "938d2d4435be30eafdbb2b7031f7857c98b04881227391dc40db3c7b21f41fc1"},
    {1023, "74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5"},
    {1024, "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706"},
    {1025, "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb"},
    {2048, "7b2945cb4fef70885cc5d78a87bf6f6207dd901ff239201351ffac04e1088a23"},
    {2049, "2ea477c5515cc3dd606512ee72bb3e0e758cfae7232826f35fb98ca1bcbdf273"},
    {3072, "050df97f8c2ead654d9bb3ab8c9178edcd902a32f8495949feadcc1e0480c46b"},
    {3073, "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081"},
    {8192, "ad01d7ae4ad059b0d33baa3c01319dcf8088094d0359e5fd45d6aeaa8b2d0c3d"},
    {8193, "af1e0346e389b17c23200270a64aa4e1ead98c61695d917de7d5b00491c9b0f1"},
    {16384, "160e18b5878cd0df1c3af85eb25a0db5344d43a6fbd7a8ef4ed98d0714c3f7e1"},
    {31744, "39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e"},
    {102400, "4652cff7a3f385a6103b5c260fc1593e13c778dbe608efb092fe7ee69df6e9c6"},
};

TEST(blake3_context, gives_the_derive_key_vectors_of_the_blake3_project) {
  const Blake3Context context("BLAKE3 2019-12-27 16:29:52 test vectors context");
  for (const Vector& vector : derive_key_vectors) {
    EXPECT_EQ(hex(context.hash(counting_bytes(vector.size))), vector.hash) << vector.size;
  }
}

// From b3sum --derive-key, which is another implementation.
TEST(blake3_context, the_contexts_of_the_format_are_what_they_say) {
  EXPECT_EQ(hex(event_context().hash({})), "3f3c442b0717f5f7cb8ac0e6d07d22f28320a982f834a042cd41e58b78c11fb9");
  EXPECT_EQ(hex(content_context().hash({})), "07a495ff424b56be2aa56fdcae512853b3f044e7f7648a3a0e7c090852e1b0a9");
  EXPECT_EQ(hex(metadata_context().hash({})), "32b001bf3463b2aafb6a0473b59e5f583c80490b295aab170152d801be1259a8");
  EXPECT_EQ(hex(rule_context().hash({})), "e73cdb283bcabb072a84c78e0a2ba7d1e06a83815fb575912c9246065df7d018");
  EXPECT_EQ(hex(event_context().hash(counting_bytes(320))),
            "633178e7bb37d513dd554eaed2478f0249f7b035a740a4c49974dde112e105e3");
  EXPECT_EQ(hex(content_context().hash(counting_bytes(1500))),
            "4f94dc260fbb84b0febefd05bc779ec050806e3d2c666be558029f4b702475d2");
}

TEST(blake3_context, hashes_alike_wherever_the_input_lies) {
  const Bytes bytes = counting_bytes(1100);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    Bytes moved(offset, std::byte{0xEE});
    base::append(moved, bytes);
    EXPECT_EQ(event_context().hash(ByteView(moved).subspan(offset, 1000)),
              event_context().hash(ByteView(bytes).first(1000)));
    EXPECT_EQ(event_context().hash(ByteView(moved).subspan(offset)), event_context().hash(bytes));
  }
}

TEST(blake3_context, hash_many_equals_hash_for_every_count_and_length) {
  for (std::size_t length = Blake3Context::block_bytes; length <= Blake3Context::chunk_bytes;
       length += Blake3Context::block_bytes) {
    for (std::size_t count = 0; count <= 67; ++count) {
      std::vector<Bytes> inputs;
      std::vector<const std::byte*> at;
      for (std::size_t i = 0; i < count; ++i) inputs.push_back(counting_bytes(length, 7 * i));
      for (const Bytes& input : inputs) at.push_back(input.data());
      std::vector<Hash> hashes(count);
      event_context().hash_many(at, length, hashes);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(hashes[i], event_context().hash(inputs[i])) << length << " " << i;
    }
  }
}

TEST(blake3_context, hash_many_writes_nothing_behind_its_output) {
  const Bytes input = counting_bytes(256);
  for (std::size_t count = 1; count <= 20; ++count) {
    const std::vector<const std::byte*> at(count, input.data());
    std::vector<Hash> hashes(count + 16);
    event_context().hash_many(at, input.size(), std::span(hashes).first(count));
    for (std::size_t i = count; i < hashes.size(); ++i) EXPECT_TRUE(hashes[i].is_zero());
  }
}

TEST(blake3, hashes_without_a_context) {
  EXPECT_EQ(hex(blake3({})), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(hex(blake3(base::as_bytes("abc"))), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
}

}  // namespace
}  // namespace batpak::crypto
