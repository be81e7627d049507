// Memory that held a secret must not keep it.
#pragma once

#include <cstddef>
#include <span>

namespace batpak::crypto {

// Overwrites `bytes` with zeros, also where the compiler sees that nobody reads them afterwards.
void wipe(std::span<std::byte> bytes) noexcept;

// Wipes a buffer, whose size must not change meanwhile, when its scope ends, on every way out.
template <class Buffer>
class Wiped {
 public:
  explicit Wiped(Buffer& buffer) noexcept : buffer_(buffer) {}
  ~Wiped() { wipe(std::as_writable_bytes(std::span(buffer_))); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

 private:
  Buffer& buffer_;
};

}  // namespace batpak::crypto
