// path: src/event/wrong.cpp
// expects: simdjson.h is named by one room only: codec
#include <simdjson.h>
