// path: src/proof/right.cpp
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/hash.hpp"
#include "crypto/blake3.hpp"
#include "proof/chain.hpp"
