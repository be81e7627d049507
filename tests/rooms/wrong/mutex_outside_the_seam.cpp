// path: src/base/wrong.hpp
// expects: <mutex> belongs to base/sync.hpp
#include <mutex>
