# The standard headers that most sources include, read once for a build: a quarter of the time of the presets that ask for it,
# those of clang's sanitizers. What a source needs it still includes itself; the other presets tell when it does not.
# For clang; ccache then shares objects only with the same build directory.
option(BATPAK_PRECOMPILE "Precompile the headers that most sources include" OFF)

# batpak_precompiled(name header...): the headers below and those named, for targets with the same options and definitions.
function(batpak_precompiled name)
  if(NOT BATPAK_PRECOMPILE)
    return()
  endif()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE batpak_options)
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <charconv> <chrono> <expected> <filesystem> <functional> <map>
    <memory> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector> ${ARGN})
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
endfunction()

# Has the target use what is precompiled, where that is asked for.
function(batpak_reuse_precompiled target name)
  if(BATPAK_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

if(BATPAK_PRECOMPILE)
  target_compile_options(batpak_options INTERFACE -fPIC)  # the same for all that share it, also for programs
endif()
batpak_precompiled(batpak_headers)
