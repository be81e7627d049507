# The standard headers that most sources include, read once for a build: a quarter of the time of the presets that ask for it,
# those of clang's sanitizers. What a source needs it still includes itself; the other presets tell when it does not.
# For clang; ccache then shares objects only with the same build directory.
option(BATPAK_PRECOMPILE "Precompile the headers that most sources include" OFF)

if(BATPAK_PRECOMPILE)
  target_compile_options(batpak_options INTERFACE -fPIC)  # the same for all that share it, also for programs
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
  add_library(batpak_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(batpak_precompiled PRIVATE batpak_options)
  set(headers <algorithm> <array> <charconv> <chrono> <expected> <filesystem> <functional> <map> <memory> <optional> <set>
    <span> <string> <string_view> <utility> <variant> <vector>)
  if(BATPAK_BUILD_TESTS)
    find_package(GTest REQUIRED)
    target_link_libraries(batpak_precompiled PRIVATE GTest::gtest)
    list(APPEND headers <gtest/gtest.h>)
  endif()
  target_precompile_headers(batpak_precompiled PRIVATE ${headers})
  target_compile_options(batpak_precompiled PRIVATE -Xclang -fno-pch-timestamp)
endif()

function(batpak_precompile target)
  if(BATPAK_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM batpak_precompiled)
  endif()
endfunction()
