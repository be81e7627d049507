#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "platform/clock.hpp"
#include "platform/fork_guard.hpp"

namespace batpak::platform {
namespace {

// Without entropy ids collide and salts can be guessed, silently: ending the process is the only safe answer.
void fill_from_kernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// Bytes read ahead by one thread. Each is handed out once and wiped, so that none can be found in memory later; what a
// child inherits is thrown away, for its parent will hand out the same.
class ReadAhead {
 public:
  ReadAhead() = default;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead() { ::explicit_bzero(bytes_.data(), bytes_.size()); }

  // Precondition: out.size() <= capacity().
  void take(std::span<std::byte> out) {
    const std::uint64_t generation = fork_generation();
    if (generation_ != generation || bytes_.size() - used_ < out.size()) {
      fill_from_kernel(bytes_);
      used_ = 0;
      generation_ = generation;
    }
    std::memcpy(out.data(), bytes_.data() + used_, out.size());
    ::explicit_bzero(bytes_.data() + used_, out.size());
    used_ += out.size();
  }

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return bytes_max; }

 private:
  static constexpr std::size_t bytes_max = 1024;  // 64 salts a system call; more would only keep more secrets around
  std::array<std::byte, bytes_max> bytes_{};
  std::size_t used_ = bytes_max;
  std::optional<std::uint64_t> generation_;
};

class SystemEntropy : public Entropy {
 public:
  void fill(std::span<std::byte> out) override {
    if (out.empty()) return;
    if (out.size() > ReadAhead::capacity()) return fill_from_kernel(out);
    thread_local ReadAhead ahead;
    ahead.take(out);
  }
};

}  // namespace

Entropy& system_entropy() {
  static SystemEntropy entropy;
  return entropy;
}

}  // namespace batpak::platform
