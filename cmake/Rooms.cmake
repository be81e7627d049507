# batpak_room(name DEPENDS room... LINK target...): one folder of src/ = one object library = one owner.
# A room sees only the headers of the rooms it names (one include root per room, holding one link), so a wrong arrow does
# not compile. Dependencies must be declared earlier, so arrows can only point down.
set_property(GLOBAL PROPERTY BATPAK_ROOMS "")

function(batpak_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)  # a room of headers only still has an owner and arrows
    set(sources ${PROJECT_BINARY_DIR}/rooms/${name}.cpp)
    file(CONFIGURE OUTPUT ${sources} CONTENT "")
  endif()
  add_library(room_${name} OBJECT ${sources})
  set_target_properties(room_${name} PROPERTIES LINKER_LANGUAGE CXX POSITION_INDEPENDENT_CODE ON)
  set(root ${PROJECT_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
  target_include_directories(room_${name} PRIVATE ${root} ${PROJECT_SOURCE_DIR}/include)
  foreach(dependency IN LISTS ROOM_DEPENDS)
    if(NOT TARGET room_${dependency})
      message(FATAL_ERROR "room '${name}' depends on '${dependency}', which is not below it")
    endif()
    target_include_directories(room_${name} PRIVATE ${PROJECT_BINARY_DIR}/rooms/${dependency})
  endforeach()
  target_link_libraries(room_${name} PRIVATE batpak_options ${ROOM_LINK})
  batpak_reuse_precompiled(room_${name} batpak_headers)
  set_property(GLOBAL APPEND PROPERTY BATPAK_ROOMS ${name})
  set_property(GLOBAL APPEND PROPERTY BATPAK_ROOM_LINK ${ROOM_LINK})
endfunction()

# The objects of every room and what they link, for a library or a test of internals.
function(batpak_link_rooms target)
  get_property(rooms GLOBAL PROPERTY BATPAK_ROOMS)
  get_property(libraries GLOBAL PROPERTY BATPAK_ROOM_LINK)
  list(REMOVE_DUPLICATES libraries)
  list(REMOVE_ITEM libraries batpak_blake3_header)  # headers only, and not installed
  foreach(room IN LISTS rooms)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:room_${room}>)
  endforeach()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:batpak_blake3>)
  target_link_libraries(${target} PRIVATE ${libraries} Threads::Threads)
endfunction()
