// How the command ends, as scripts see it; the man page documents the numbers.
#pragma once

namespace batpak::cli {

enum class ExitCode : int {
  fine = 0,
  finding = 1,        // what was asked for is not there, or something is broken
  usage = 2,          // arguments or input data that are not acceptable
  could_not_run = 3,  // I/O, a lock, a damaged store, a key that is missing
  interrupted = 130,  // 128 + SIGINT, after the batch in hand was finished
  terminated = 143,   // 128 + SIGTERM, likewise
};

}  // namespace batpak::cli
