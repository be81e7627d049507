#include <string>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "codec/scanner.hpp"

namespace batpak {

Result<void> check_canonical(std::span<const std::byte> bytes) {
  if (bytes.size() > limits::payload_bytes_max) {
    return base::fail(ErrorCode::payload_too_large, "a payload has at most 16 MiB");
  }
  codec::Scanner scanner(bytes, codec::Form::canonical);
  if (!scanner.value(0)) {
    return base::fail(Error(scanner.flaw().code, std::string(scanner.flaw().sentence)).at_offset(scanner.offset()));
  }
  if (scanner.offset() != bytes.size()) {
    return base::fail(Error(ErrorCode::trailing_bytes, "more bytes follow the value").at_offset(scanner.offset()));
  }
  return {};
}

}  // namespace batpak
