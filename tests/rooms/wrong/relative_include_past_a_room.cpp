// path: src/event/wrong.cpp
// expects: a relative include
#include "event/../engine/writer.hpp"
