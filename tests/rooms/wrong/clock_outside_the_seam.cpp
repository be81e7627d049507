// path: src/engine/wrong.cpp
// expects: time and chance come from the platform room
const auto now = std::chrono::steady_clock::now();
