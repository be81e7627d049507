// path: src/event/wrong.cpp
// expects: must name its file
#include BATPAK_SOME_HEADER
