// Standard output: buffered, with what is known of the terminal behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exit_code.hpp"

namespace batpak::cli {

enum class Style : std::uint8_t { plain, bold, dim, red, green, yellow, blue };

// What stands behind a file descriptor.
struct Terminal {
  bool present = false;
  bool colours = false;     // a terminal, and neither NO_COLOR nor TERM=dumb
  std::size_t columns = 0;  // 0: no limit

  [[nodiscard]] static Terminal behind(int descriptor);
  // The text in a style, or plain where there are no colours.
  [[nodiscard]] std::string paint(Style style, std::string_view text) const;
};

// Owner: does not close the descriptor. Threads: one.
// Errors: kept, and told by finish(). A reader that has gone away (EPIPE) is no error: the rest is dropped.
class Output {
 public:
  Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void line(std::string_view text);
  void flush();

  // Nobody reads any more: who only prints may stop.
  [[nodiscard]] bool closed() const noexcept { return state_ != State::open; }
  [[nodiscard]] const Terminal& terminal() const noexcept { return terminal_; }
  [[nodiscard]] std::string paint(Style style, std::string_view text) const { return terminal_.paint(style, text); }

  // What was done before anything was said of it, in a sentence's words: where the answer cannot be written, that is told.
  void did(std::string what) { done_ = std::move(what); }
  // Flushes. The code to end with: `code`, unless writing failed.
  [[nodiscard]] ExitCode finish(ExitCode code);

 private:
  enum class State : std::uint8_t { open, reader_gone, failed };

  Terminal terminal_;
  std::string buffer_;
  std::string done_;
  State state_ = State::open;
  int errno_ = 0;
};

}  // namespace batpak::cli
