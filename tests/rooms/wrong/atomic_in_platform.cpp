// path: src/platform/wrong.cpp
// expects: <atomic> belongs to base/sync.hpp
#include <atomic>
