# Installing: headers, the libraries, the CMake package, the pkg-config files, the command with its manual and completions;
# and the Debian package of all that (cpack).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/batpak DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
# An export set each: linking the shared library needs nothing else, linking a static one needs what it is built on.
install(TARGETS batpak_shared EXPORT batpak-shared)
install(TARGETS batpak_static EXPORT batpak-static)
install(TARGETS batpak_verify EXPORT batpak-verify)
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/batpak)
foreach(library shared static verify)
  install(EXPORT batpak-${library} NAMESPACE batpak:: FILE batpak-${library}.cmake DESTINATION ${package_directory})
endforeach()
configure_package_config_file(cmake/batpak-config.cmake.in ${PROJECT_BINARY_DIR}/batpak-config.cmake
  INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/batpak-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/batpak-config.cmake ${PROJECT_BINARY_DIR}/batpak-config-version.cmake
  DESTINATION ${package_directory})

# ${pcfiledir} lets an installed tree be moved, unless libdir is given as an absolute path.
file(RELATIVE_PATH pkgconfig_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
foreach(library batpak batpak-verify)
  configure_file(cmake/${library}.pc.in ${PROJECT_BINARY_DIR}/${library}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${library}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES LICENSE LICENSE-APACHE LICENSE-MIT DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES cmake/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET batpak_cli)
  install(TARGETS batpak_cli)
  file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/cli/*.1)
  install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  # apps/cli/completions/ holds one file per shell, named after it.
  foreach(completion
      "bash;${CMAKE_INSTALL_DATADIR}/bash-completion/completions;batpak"
      "zsh;${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions;_batpak"
      "fish;${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d;batpak.fish")
    list(POP_FRONT completion shell directory name)
    file(GLOB script CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/cli/completions/batpak.${shell})
    if(script)
      install(FILES ${script} DESTINATION ${directory} RENAME ${name})
    endif()
  endforeach()
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_VENDOR "batpak")
  set(CPACK_PACKAGE_CONTACT "batpak maintainers <maintainers@batpak.invalid>")
  set(CPACK_PACKAGE_DIRECTORY ${PROJECT_SOURCE_DIR}/dist)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION database)
  set(CPACK_DEBIAN_PACKAGE_HOMEPAGE ${PROJECT_HOMEPAGE_URL})
  set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A C++ library and a command that keep events in one directory, durable, bound
to their history by hashes, with receipts that can be verified later. This
package holds the command, the shared and the static library, the small one of
those who only verify, and the headers.")
  # What linking the static libraries takes.
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libsodium-dev, libssl-dev, libsimdjson-dev, pkg-config")
  find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
  if(DPKG_SHLIBDEPS)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # also has ldconfig run
  endif()
  include(CPack)
endif()
