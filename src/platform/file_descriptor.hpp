// A descriptor of the operating system, closed when its handle goes; and calls repeated when a signal interrupts them.
#pragma once

#include <unistd.h>
#include <cerrno>
#include <utility>

namespace batpak::platform {

// Threads: a plain value. Close reports nothing: what must last was synced before.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);  // never repeated: after EINTR the number may already be another's
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  // Hands the number to another owner.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

// Makes a call that answers -1 and errno on failure, again for as long as a signal interrupts it.
template <class Call>
[[nodiscard]] auto uninterrupted(Call call) {
  auto answer = call();
  while (answer == -1 && errno == EINTR) answer = call();
  return answer;
}

}  // namespace batpak::platform
