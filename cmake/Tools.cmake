# What makes our own build faster where it is installed: ccache, and a linker quicker than ld.
# scripts/build sets CCACHE_BASEDIR and CCACHE_NOHASHDIR, so that clones and build directories share their objects.
find_program(CCACHE ccache)
if(CCACHE)
  foreach(language C CXX ASM)
    if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${CCACHE})
    endif()
  endforeach()
endif()

option(BATPAK_FAST_LINKER "Link with mold or lld where one of them is installed" ON)
find_program(MOLD mold)
find_program(LLD ld.lld)
if(BATPAK_FAST_LINKER AND MOLD)
  add_link_options(-fuse-ld=mold)
elseif(BATPAK_FAST_LINKER AND LLD)
  add_link_options(-fuse-ld=lld)
endif()
