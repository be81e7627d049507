# Unit tests stand beside the code: src/<room>/<unit>_test.cpp. One executable per room, found by ctest under <room>.
find_package(GTest REQUIRED)
include(GoogleTest)

# Tests whose executable starts threads, or opens stores, which do: the ones that run under ThreadSanitizer.
set(BATPAK_THREADED_TESTS base concurrency crypto platform audit engine read projection store interleave crash end_to_end)

# Tests whose own code runs for long.
set(BATPAK_LONG_TESTS codec model simulation)

batpak_precompiled(batpak_test_headers <gtest/gtest.h>)
if(TARGET batpak_test_headers)
  target_link_libraries(batpak_test_headers PRIVATE GTest::gtest)
  target_compile_options(batpak_test_headers PRIVATE -O0)
endif()

# The objects of all rooms once, for every test of internals.
add_library(batpak_test_rooms STATIC)
batpak_link_rooms(batpak_test_rooms)
set_target_properties(batpak_test_rooms PROPERTIES LINKER_LANGUAGE CXX)

# tests_unit and tests_threads build what the tests with those labels need and no more.
add_custom_target(tests_unit)
add_custom_target(tests_threads)

function(batpak_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;LABELS" ${ARGN})
  if(name IN_LIST BATPAK_THREADED_TESTS)
    list(APPEND TEST_LABELS threads)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE batpak_options batpak_test_rooms GTest::gtest_main ${TEST_LINK})
  if(name IN_LIST BATPAK_LONG_TESTS OR BATPAK_EXPLORED)
    batpak_reuse_precompiled(${name} batpak_headers)
  else()
    # Half of what it costs to compile a test is to optimise it; what it tests is optimised.
    target_compile_options(${name} PRIVATE -O0)
    batpak_reuse_precompiled(${name} batpak_test_headers)
  endif()
  foreach(label IN LISTS TEST_LABELS)
    if(TARGET tests_${label})
      add_dependencies(tests_${label} ${name})
    endif()
  endforeach()
  # Labels are set where ctest reads its tests: gtest_discover_tests does not pass on a list.
  gtest_discover_tests(${name} TEST_PREFIX ${name}. TEST_LIST ${name}_discovered DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 300)
  set(labels_file ${PROJECT_BINARY_DIR}/labels/${name}.cmake)
  file(CONFIGURE OUTPUT ${labels_file} @ONLY CONTENT [[
foreach(test IN LISTS @name@_discovered)
  set_tests_properties("${test}" PROPERTIES LABELS "@TEST_LABELS@")
endforeach()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels_file})
endfunction()

get_property(rooms GLOBAL PROPERTY BATPAK_ROOMS)
foreach(room IN LISTS rooms)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*_test.cpp)
  if(tests)
    batpak_test(${room} SOURCES ${tests} LABELS unit)
  endif()
endforeach()
# What crosses rooms: tests/<danger>/*_test.cpp, one executable per danger.
file(GLOB dangers LIST_DIRECTORIES true CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*)
foreach(danger IN LISTS dangers)
  file(GLOB tests CONFIGURE_DEPENDS ${danger}/*_test.cpp)
  if(tests)
    cmake_path(GET danger FILENAME name)
    batpak_test(${name} SOURCES ${tests} LABELS crossing)
  endif()
endforeach()

# What `model` tests: the protocol's own model, apart from the rooms.
add_subdirectory(tests/model)

# Each public header compiles alone, twice over, and with nothing but the public headers to be found.
file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/batpak/*.hpp)
set(sources "")
foreach(header IN LISTS headers)
  string(REPLACE ".hpp" ".cpp" source ${PROJECT_BINARY_DIR}/public_headers/${header})
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND sources ${source})
endforeach()
add_library(batpak_public_headers OBJECT ${sources})
target_link_libraries(batpak_public_headers PRIVATE batpak_options)
target_include_directories(batpak_public_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)

# The arrows between rooms: the tree keeps to them, and the check finds each way around that it knows.
add_test(NAME rooms.arrows_are_as_declared COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-rooms)
add_test(NAME rooms.the_check_bites COMMAND ${PROJECT_SOURCE_DIR}/tests/rooms/run)
set_tests_properties(rooms.arrows_are_as_declared rooms.the_check_bites PROPERTIES LABELS unit TIMEOUT 60)

# The programs and the commands that the docs show.
add_subdirectory(examples)
add_subdirectory(tests/docs)

# The real library in a process that is really killed.
if(BATPAK_BUILD_APPS)
  add_subdirectory(tests/real_crash)
endif()

# The independent reader, and what it and the library say of the same stores.
if(TARGET batpak_cli)
  add_subdirectory(tests/conformance)
  add_subdirectory(tests/third_party)
endif()
