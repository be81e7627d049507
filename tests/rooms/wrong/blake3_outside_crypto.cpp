// path: src/proof/wrong.cpp
// expects: blake3.h is named by one room only: crypto
#include <blake3.h>
