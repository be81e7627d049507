// path: src/codec/wrong.cpp
// expects: room "codec" may not include room "engine"
#include "engine/writer.hpp"
