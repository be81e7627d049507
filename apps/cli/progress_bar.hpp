// How far something long has come, on standard error while that is a terminal; silent otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "output.hpp"

namespace batpak::cli {

// Draws at most ten times a second over one line, and takes the line away at its end.
//
// Threads: one.
class ProgressBar {
 public:
  // `doing` stands before the bar; `unit` is what the rate counts: "events".
  ProgressBar(std::string doing, std::string unit);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  struct Step {
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t units = 0;
  };
  void show(const Step& step);
  // Takes the line away, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  Terminal terminal_;
  std::string doing_;
  std::string unit_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point shown_at_ = started_;
  bool on_screen_ = false;
};

}  // namespace batpak::cli
