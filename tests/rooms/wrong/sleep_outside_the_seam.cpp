// path: src/engine/wrong.cpp
// expects: threads come from base/sync.hpp
void wait() { std::this_thread::yield(); }
