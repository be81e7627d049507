#include "base/crc32c.hpp"

#include <gtest/gtest.h>

namespace batpak::base {
namespace {

TEST(Crc32c, gives_the_published_check_values) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(Bytes(32)), 0x8A9136AAU);                   // RFC 3720, B.4: 32 bytes of zeroes
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xFF})), 0x62A8AB43U);  // 32 bytes of ones
}

TEST(Crc32c, agrees_with_the_table_at_every_length_and_start) {
  Bytes bytes(8200);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 131 + i / 256);
  for (const std::size_t length :
       {0UZ, 1UZ, 7UZ, 8UZ, 9UZ, 383UZ, 384UZ, 560UZ, 1023UZ, 3071UZ, 3072UZ, 3073UZ, 6144UZ, 8190UZ}) {
    for (std::size_t start = 0; start < 9; ++start) {
      const ByteView part = ByteView(bytes).subspan(start, length);
      EXPECT_EQ(crc32c(part), crc32c_portable(part)) << length << " from " << start;
    }
  }
}

TEST(Crc32c, continues_from_an_earlier_value) {
  const ByteView bytes = as_bytes("the log is the truth");
  EXPECT_EQ(crc32c(bytes.subspan(7), crc32c(bytes.first(7))), crc32c(bytes));
}

}  // namespace
}  // namespace batpak::base
