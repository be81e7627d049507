// path: src/audit/wrong.cpp
// expects: <sys/mman.h> belongs to the platform room
#include <sys/mman.h>
