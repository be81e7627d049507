// The side of libFuzzer: its main() calls this with every input that it makes up.
#include <cstdint>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT(readability-identifier-naming)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  batpak::fuzz::Target::all().front()->run(std::as_bytes(std::span(data, size)));
  return 0;
}
