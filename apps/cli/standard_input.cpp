#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "byte_source.hpp"
#include "interruption.hpp"

namespace batpak::cli {
namespace {

constexpr int look_for_signals_after_ms = 250;

class StandardInput : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    while (!interruption()) {
      pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      const int ready = poll(&waiting, 1, look_for_signals_after_ms);
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      const ssize_t size = ::read(STDIN_FILENO, into.data(), into.size());
      if (size >= 0) {
        taken_ += static_cast<std::uint64_t>(size);
        return static_cast<std::size_t>(size);
      }
      if (errno != EINTR && errno != EAGAIN) {
        return std::unexpected(Error(ErrorCode::io_error, "it cannot be read").at_path("standard input").with_errno(errno));
      }
    }
    return 0;
  }

  std::uint64_t bytes_taken() const override { return taken_; }

 private:
  std::uint64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> standard_input() { return std::make_unique<StandardInput>(); }

}  // namespace batpak::cli
