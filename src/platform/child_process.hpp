// A forked child for one test, and what it answered.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace batpak::platform {

// The exit status of a child that runs `body`, or -1 if a signal ended it. The child runs no destructors and no other tests.
template <class Body>
[[nodiscard]] int exit_status_of_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace batpak::platform
