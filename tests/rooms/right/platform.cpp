// path: src/platform/right.cpp
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sync.hpp"
