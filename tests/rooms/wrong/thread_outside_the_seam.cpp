// path: src/engine/wrong.cpp
// expects: <thread> belongs to base/sync.hpp
#include <thread>
