# batpak as people link it: a static library and a shared one whose only symbols are those of the public headers.
add_library(batpak_static STATIC)
add_library(batpak_shared SHARED)
foreach(library batpak_static batpak_shared)
  batpak_link_rooms(${library})
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_compile_features(${library} PUBLIC cxx_std_23)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME batpak LINKER_LANGUAGE CXX)
endforeach()
set_target_properties(batpak_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0 EXPORT_NAME batpak)
set_target_properties(batpak_static PROPERTIES EXPORT_NAME static)
# Hidden visibility keeps our internals in; this also keeps in what the headers of others instantiate, std:: above all.
set(symbols ${PROJECT_SOURCE_DIR}/cmake/symbols.map)
target_link_options(batpak_shared PRIVATE -Wl,--version-script=${symbols})
set_target_properties(batpak_shared PROPERTIES LINK_DEPENDS ${symbols})

# The same names here and from find_package(batpak): batpak::batpak is the shared library, batpak::static the other.
add_library(batpak::batpak ALIAS batpak_shared)
add_library(batpak::static ALIAS batpak_static)
