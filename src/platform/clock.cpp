#include "platform/clock.hpp"

namespace batpak::platform {
namespace {

class SystemClock : public Clock {
 public:
  std::int64_t wall_microseconds() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::floor<std::chrono::microseconds>(now).count();
  }
  std::chrono::nanoseconds monotonic() override { return std::chrono::steady_clock::now().time_since_epoch(); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace batpak::platform
