// path: src/segment/wrong.cpp
// expects: <unistd.h> belongs to the platform room
#include <unistd.h>
