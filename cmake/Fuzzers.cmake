# The fuzz targets of tests/fuzz: <name>_fuzz.cpp checks one parser of bytes from outside. With BATPAK_BUILD_FUZZERS (preset
# "fuzz", clang's libFuzzer) each is a program fuzz_<name>; in a build of the tests all of them together are fuzz_replay, an
# ordinary program that runs the checks on the corpora.
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.cpp)
set(fuzz_targets "")
foreach(source IN LISTS fuzz_sources)
  cmake_path(GET source STEM name)
  string(REGEX REPLACE "_fuzz$" "" name ${name})
  list(APPEND fuzz_targets ${name})
endforeach()

if(NOT TARGET batpak_test_rooms)
  add_library(batpak_test_rooms STATIC)
  batpak_link_rooms(batpak_test_rooms)
  set_target_properties(batpak_test_rooms PROPERTIES LINKER_LANGUAGE CXX)
endif()

# What targets share, and the parts of the command that read what people give it.
set(cli ${PROJECT_SOURCE_DIR}/apps/cli)
add_library(fuzz_support STATIC
  ${PROJECT_SOURCE_DIR}/tests/fuzz/target.cpp ${PROJECT_SOURCE_DIR}/tests/fuzz/mutated_store.cpp
  ${cli}/display_text.cpp ${cli}/event_line.cpp ${cli}/json_object.cpp ${cli}/line_reader.cpp ${cli}/payload_span.cpp
  ${cli}/file_failure.cpp ${cli}/source_file.cpp)
target_include_directories(fuzz_support PUBLIC
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests ${cli})
target_link_libraries(fuzz_support PUBLIC batpak_options batpak_test_rooms fmt::fmt ZLIB::ZLIB)
batpak_reuse_precompiled(fuzz_support batpak_headers)

if(BATPAK_BUILD_TESTS)
  add_executable(fuzz_replay ${fuzz_sources} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
  target_link_libraries(fuzz_replay PRIVATE fuzz_support)
  foreach(name IN LISTS fuzz_targets)
    add_test(NAME fuzz.${name} COMMAND fuzz_replay ${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS crossing TIMEOUT 300)
  endforeach()
  # The library and the independent reader of tests/conformance on the same mutated stores.
  add_executable(fuzz_write_stores ${PROJECT_SOURCE_DIR}/tests/fuzz/write_stores.cpp)
  target_link_libraries(fuzz_write_stores PRIVATE fuzz_support)
  if(TARGET batpak_cli)
    add_test(NAME fuzz.readers_agree COMMAND ${PROJECT_SOURCE_DIR}/tests/fuzz/compare_readers
      --batpak $<TARGET_FILE:batpak_cli> --writer $<TARGET_FILE:fuzz_write_stores> --stores 60)
    set_tests_properties(fuzz.readers_agree PROPERTIES LABELS crossing SKIP_RETURN_CODE 77 TIMEOUT 600)
  endif()
endif()

if(BATPAK_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "BATPAK_BUILD_FUZZERS needs clang's libFuzzer: use the preset \"fuzz\"")
  endif()
  add_custom_target(fuzzers)
  foreach(name IN LISTS fuzz_targets)
    add_executable(fuzz_${name}
      ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cpp ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzzer_main.cpp)
    target_link_libraries(fuzz_${name} PRIVATE fuzz_support)
    batpak_reuse_precompiled(fuzz_${name} batpak_headers)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers fuzz_${name})
  endforeach()
endif()
