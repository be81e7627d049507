// path: src/store/wrong.cpp
// expects: sodium.h is named by one room only: crypto
#include <sodium.h>
