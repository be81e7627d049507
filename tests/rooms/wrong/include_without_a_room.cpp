// path: src/event/wrong.cpp
// expects: a relative include
#include "draft.hpp"
