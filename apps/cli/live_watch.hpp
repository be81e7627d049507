// Waits until the writer of a store has made something durable.
#pragma once

#include <string>

namespace batpak::cli {

// The kernel tells of changes to the store's file `live`; where it cannot, waiting ends five times a second.
//
// Threads: one.
class LiveWatch {
 public:
  explicit LiveWatch(const std::string& directory);
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;
  ~LiveWatch();

  enum class Woken { by_change, by_time, by_signal, by_closed_output };
  // A change since the last call ends the wait at once. by_time comes now and then, in case that a change went unnoticed.
  [[nodiscard]] Woken wait();

 private:
  void drain();

  int notifier_ = -1;  // negative where there is none
};

}  // namespace batpak::cli
