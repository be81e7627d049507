// path: src/crypto/right.cpp
#include <openssl/evp.h>
#include <sodium.h>

#include "blake3.h"
