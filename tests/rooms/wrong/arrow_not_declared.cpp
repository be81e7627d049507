// path: src/segment/wrong.hpp
// expects: room "segment" may not include room "crypto"
#include "crypto/blake3.hpp"
