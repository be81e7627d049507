# Unit tests stand beside the code: src/<room>/<unit>_test.cpp. One executable per room, found by ctest under <room>.
find_package(GTest REQUIRED)
include(GoogleTest)

# The objects of all rooms once, for every test of internals.
add_library(batpak_test_rooms STATIC)
batpak_link_rooms(batpak_test_rooms)
set_target_properties(batpak_test_rooms PROPERTIES LINKER_LANGUAGE CXX)

function(batpak_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE batpak_options batpak_test_rooms GTest::gtest_main ${TEST_LINK})
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 120 PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT 300)
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
