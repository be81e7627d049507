// Files to import, plain or compressed: whatever the bytes are, they are text, or the refusal of a broken gzip file.
#include <sys/mman.h>
#include <unistd.h>

#include "byte_source.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{1} << 20;  // enough of a bomb

// Witness: decoder_stays_in_bounds
const Target source_file("source_file", [](ByteView input) {
  const int descriptor = memfd_create("source", MFD_CLOEXEC);
  require(descriptor >= 0 && write(descriptor, input.data(), input.size()) == static_cast<ssize_t>(input.size()),
          "there is memory for a file");
  const auto source = cli::open_source_file("/proc/self/fd/" + std::to_string(descriptor));
  require(source.has_value(), "a file can be opened");
  const bool is_gzip = input.size() >= 2 && input[0] == std::byte{0x1F} && input[1] == std::byte{0x8B};
  Bytes read;
  std::vector<char> buffer(4000);
  while (read.size() < output_bytes_max) {
    const auto size = (*source)->read(buffer);
    require(size.has_value() || is_gzip, "a file that is not compressed can be read");
    if (!size || *size == 0) break;
    require(*size <= buffer.size(), "no more is read than fits");
    base::append(read, std::as_bytes(std::span(buffer).first(*size)));
    require((*source)->bytes_taken() <= input.size(), "no more is taken than there is");
  }
  if (!is_gzip) require(same_bytes(read, input), "a file that is not compressed is read as it is");
  close(descriptor);
});

}  // namespace
}  // namespace batpak::fuzz
