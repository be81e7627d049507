#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "batpak/signing_key.hpp"
#include "platform/private_file.hpp"
#include "platform/temporary_directory.hpp"

namespace batpak {
namespace {

TEST(signing_key_file, gives_the_same_key_back) {
  const platform::TemporaryDirectory directory;
  const auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  ASSERT_TRUE(key->save(directory / "key.pem"));
  const auto loaded = SigningKey::load(directory / "key.pem");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->public_key(), key->public_key());
  EXPECT_EQ(loaded->sign({}), key->sign({}));
}

TEST(signing_key_file, is_never_overwritten) {
  const platform::TemporaryDirectory directory;
  const auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  ASSERT_TRUE(key->save(directory / "key.pem"));
  EXPECT_EQ(SigningKey::generate()->save(directory / "key.pem").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(SigningKey::load(directory / "key.pem")->public_key(), key->public_key());
}

TEST(signing_key_file, that_holds_something_else_is_named_in_the_error) {
  const platform::TemporaryDirectory directory;
  for (const std::string& content : {std::string(), std::string("not a key"), std::string(1 << 20, '\n')}) {
    const std::string path = directory / ("key" + std::to_string(content.size()));
    ASSERT_TRUE(platform::write_private_file(path, base::as_bytes(content)));
    const auto key = SigningKey::load(path);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::malformed_key);
    EXPECT_EQ(key.error().path, path);
  }
}

TEST(signing_key_file, that_is_not_there_is_not_found) {
  const platform::TemporaryDirectory directory;
  EXPECT_EQ(SigningKey::load(directory / "key.pem").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace batpak
