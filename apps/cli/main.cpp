// The batpak command. batpak(1), in batpak.1, documents it.
#include <clocale>
#include <exception>
#include <new>
#include <variant>

#include "command_line.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "interruption.hpp"

int main(int count, char** arguments) {
  using namespace batpak::cli;
  // Names and payloads are UTF-8 wherever we run. Numbers keep the form of the C locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");  // NOLINT(concurrency-mt-unsafe): there is one thread yet
  note_interruptions();
  ExitCode code = ExitCode::could_not_run;
  try {
    const std::expected<Command, ExitCode> command = parse_command_line(count, arguments);
    code = command ? std::visit([](const auto& asked) { return run(asked); }, *command) : command.error();
  } catch (const std::bad_alloc&) {
    remark("out of memory");
  } catch (const std::exception& error) {
    remark(error.what());
  }
  return static_cast<int>(code);
}
