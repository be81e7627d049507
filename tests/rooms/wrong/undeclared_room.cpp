// path: src/helpers/wrong.cpp
// expects: no room that CMakeLists.txt declares
#include <string>
