// path: src/event/wrong.cpp
// expects: included with quotes
#include <codec/msgpack.hpp>
