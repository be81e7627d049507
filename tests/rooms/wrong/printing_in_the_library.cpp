// path: src/store/wrong.cpp
// expects: <iostream> belongs to the platform room
#include <iostream>
