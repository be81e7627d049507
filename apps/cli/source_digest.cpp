#include "source_digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <vector>

#include "hexadecimal.hpp"
#include "interruption.hpp"

namespace batpak::cli {
namespace {

constexpr std::size_t read_bytes = std::size_t{256} << 10;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<std::string> digest_of(ByteSource& source, const std::function<void(std::uint64_t)>& progress) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  bool computed = digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  std::vector<char> buffer(read_bytes);
  while (!interruption()) {
    const Result<std::size_t> size = source.read(buffer);
    if (!size) return std::unexpected(size.error());
    if (*size == 0) break;
    computed = computed && EVP_DigestUpdate(digest.get(), buffer.data(), *size) == 1;
    progress(source.bytes_taken());
  }
  std::array<std::byte, 32> bytes{};
  std::array<unsigned char, 32> computed_bytes{};
  if (!computed || EVP_DigestFinal_ex(digest.get(), computed_bytes.data(), nullptr) != 1) {
    return std::unexpected(Error(ErrorCode::out_of_resources, "SHA-256 cannot be computed"));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes.at(i) = std::byte{computed_bytes.at(i)};
  return hexadecimal(bytes);
}

}  // namespace batpak::cli
