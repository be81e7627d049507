// path: src/engine/right_test.cpp
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>

#include "engine/writer.hpp"
