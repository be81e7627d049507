// path: src/proof/wrong_test.cpp
// expects: openssl/sha.h is named by one room only: crypto
#include <openssl/sha.h>
