// path: src/read/wrong.cpp
// expects: a relative include
#include "../engine/writer.hpp"
