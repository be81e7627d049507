// path: src/index/wrong_test.cpp
// expects: room "index" may not include room "store"
#include "store/store.hpp"
