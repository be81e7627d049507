// path: src/codec/wrong.cpp
// expects: fmt/core.h is named by one room only: none, only apps
#include <fmt/core.h>
