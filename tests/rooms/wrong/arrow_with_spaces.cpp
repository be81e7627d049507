// path: src/base/wrong.cpp
// expects: room "base" may not include room "platform"
  #  include   "platform/clock.hpp"
