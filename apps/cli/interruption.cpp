#include "interruption.hpp"

#include <csignal>

namespace batpak::cli {
namespace {

// Written by the handler only; sig_atomic_t is what a handler may write.
volatile std::sig_atomic_t noted_signal = 0;

extern "C" void note_signal(int number) { noted_signal = number; }

}  // namespace

void note_interruptions() noexcept {
  struct sigaction action{};
  action.sa_handler = note_signal;
  // No SA_RESTART, so that a read from standard input returns; SA_RESETHAND, so that a second signal is final.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

std::optional<ExitCode> interruption() noexcept {
  switch (noted_signal) {
    case SIGINT: return ExitCode::interrupted;
    case SIGTERM: return ExitCode::terminated;
    default: return std::nullopt;
  }
}

}  // namespace batpak::cli
