// path: include/batpak/wrong.hpp
// expects: public headers include only the standard library
#include <sodium.h>
