#include "progress_bar.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "display_text.hpp"
#include "quantity.hpp"

namespace batpak::cli {
namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr std::size_t bar_columns = 24;

void put(std::string_view text) {
  // A bar that cannot be drawn is no reason to end.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::string bar_of(double part) {
  const auto full = static_cast<std::size_t>(part * static_cast<double>(bar_columns));
  std::string bar;
  for (std::size_t i = 0; i < bar_columns; ++i) bar += i < full ? "█" : "░";
  return bar;
}

}  // namespace

ProgressBar::ProgressBar(std::string doing, std::string unit)
    : terminal_(Terminal::behind(STDERR_FILENO)), doing_(std::move(doing)), unit_(std::move(unit)) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::show(const Step& step) {
  if (!terminal_.present) return;
  const Clock::time_point now = Clock::now();
  if (now - shown_at_ < redraw_after) return;
  shown_at_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double part = step.bytes_total == 0
                          ? 0
                          : std::min(1.0, static_cast<double>(step.bytes_done) / static_cast<double>(step.bytes_total));
  std::string text = fmt::format("{} {} {:3.0f} %  {} {}  {}/s", doing_, bar_of(part), part * 100, grouped(step.units),
                                 unit_, grouped(static_cast<std::uint64_t>(static_cast<double>(step.units) / seconds)));
  if (part > 0) {
    const auto left = std::chrono::duration<double>(seconds / part * (1 - part));
    text += fmt::format("  {} left", duration_text(std::chrono::duration_cast<std::chrono::microseconds>(left)));
  }
  put(fmt::format("\r{}\x1b[K", shortened(text, terminal_.columns - 1)));
  on_screen_ = true;
}

void ProgressBar::clear() {
  if (!on_screen_) return;
  put("\r\x1b[K");
  on_screen_ = false;
}

}  // namespace batpak::cli
