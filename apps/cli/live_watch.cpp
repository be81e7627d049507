#include "live_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "interruption.hpp"

namespace batpak::cli {
namespace {

// Changes by other machines of a network file system are not told; signals between two looks at them neither.
constexpr int wait_ms_max = 1000;
constexpr int wait_ms_without_notifier = 200;

}  // namespace

LiveWatch::LiveWatch(const std::string& directory) : notifier_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (notifier_ < 0) return;
  // The directory, since a new writer may put a new file in the place of the old one.
  if (inotify_add_watch(notifier_, directory.c_str(), IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0) {
    close(notifier_);
    notifier_ = -1;
  }
}

LiveWatch::~LiveWatch() {
  if (notifier_ >= 0) close(notifier_);
}

LiveWatch::Woken LiveWatch::wait() {
  if (interruption()) return Woken::by_signal;
  // poll passes over negative descriptors; a reader of our output that goes away is told without being asked for.
  std::array<pollfd, 2> waiting{
      {{.fd = notifier_, .events = POLLIN, .revents = 0}, {.fd = STDOUT_FILENO, .events = 0, .revents = 0}}};
  const int ready = poll(waiting.data(), waiting.size(), notifier_ < 0 ? wait_ms_without_notifier : wait_ms_max);
  if (interruption()) return Woken::by_signal;
  if (ready <= 0) return Woken::by_time;
  if ((waiting[1].revents & (POLLERR | POLLHUP)) != 0) return Woken::by_closed_output;
  drain();
  return Woken::by_change;
}

void LiveWatch::drain() {
  std::array<char, 4096> events{};
  while (read(notifier_, events.data(), events.size()) > 0) {
  }
}

}  // namespace batpak::cli
