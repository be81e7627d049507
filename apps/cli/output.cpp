#include "output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "complaint.hpp"

namespace batpak::cli {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets the environment
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::size_t columns_behind(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  std::size_t columns = 0;
  const std::string_view given = environment("COLUMNS");
  std::from_chars(given.data(), given.data() + given.size(), columns);
  return columns > 0 ? columns : 80;
}

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::red: return "\x1b[31m";
    case Style::green: return "\x1b[32m";
    case Style::yellow: return "\x1b[33m";
    case Style::blue: return "\x1b[34m";
  }
  return "";
}

}  // namespace

Terminal Terminal::behind(int descriptor) {
  Terminal terminal;
  terminal.present = isatty(descriptor) == 1;
  if (!terminal.present) return terminal;
  terminal.colours = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  terminal.columns = columns_behind(descriptor);
  return terminal;
}

std::string Terminal::paint(Style style, std::string_view text) const {
  if (!colours || style == Style::plain || text.empty()) return std::string(text);
  std::string painted(escape_of(style));
  painted += text;
  painted += "\x1b[0m";
  return painted;
}

Output::Output() : terminal_(Terminal::behind(STDOUT_FILENO)) { buffer_.reserve(buffer_bytes * 2); }

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= buffer_bytes) flush();
}

void Output::line(std::string_view text) {
  write(text);
  write("\n");
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && state_ == State::open) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      state_ = State::reader_gone;
    } else if (errno != EINTR) {
      errno_ = errno;
      state_ = State::failed;
    }
  }
  buffer_.clear();
}

ExitCode Output::finish(ExitCode code) {
  flush();
  if (state_ != State::failed) return code;
  // Not no_space even where it is: that says of a store that nothing was written.
  const Error error = Error(ErrorCode::io_error,
                            done_.empty() ? "the answer cannot be written" : done_ + "; only the answer cannot be written")
                          .at_path("standard output")
                          .with_errno(errno_);
  return complain(error, done_.empty() ? "nothing was changed" : "do not run the command again for it");
}

}  // namespace batpak::cli
