# The target batpak_blake3: objects of the BLAKE3 sources found by FindBlake3C, every global symbol under our prefix. The
# macros rename in C, in assembly (the .S files go through the preprocessor) and in the crypto room alike.
set(blake3_sources ${BLAKE3_C_DIR}/blake3.c ${BLAKE3_C_DIR}/blake3_dispatch.c ${BLAKE3_C_DIR}/blake3_portable.c)
set(blake3_definitions "")
set(blake3_no_simd_x86 BLAKE3_NO_SSE2 BLAKE3_NO_SSE41 BLAKE3_NO_AVX2 BLAKE3_NO_AVX512)
if(BATPAK_PORTABLE)
  list(APPEND blake3_definitions ${blake3_no_simd_x86} BLAKE3_USE_NEON=0)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  list(APPEND blake3_sources
    ${BLAKE3_C_DIR}/blake3_sse2_x86-64_unix.S ${BLAKE3_C_DIR}/blake3_sse41_x86-64_unix.S
    ${BLAKE3_C_DIR}/blake3_avx2_x86-64_unix.S ${BLAKE3_C_DIR}/blake3_avx512_x86-64_unix.S)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  list(APPEND blake3_sources ${BLAKE3_C_DIR}/blake3_neon.c)
  list(APPEND blake3_definitions BLAKE3_USE_NEON=1)
else()
  list(APPEND blake3_definitions ${blake3_no_simd_x86} BLAKE3_USE_NEON=0)
endif()

# All that any version of the sources since 1.0 defines; a name that one of them lacks does no harm.
set(blake3_symbols version simd_degree
  hasher_init hasher_init_keyed hasher_init_derive_key hasher_init_derive_key_raw hasher_update hasher_update_tbb
  hasher_finalize hasher_finalize_seek hasher_reset
  compress_in_place compress_xof compress_subtree_wide compress_subtree_wide_join_tbb hash_many xof_many)
foreach(variant portable sse2 sse41 avx2 avx512 neon)
  list(APPEND blake3_symbols compress_in_place_${variant} compress_xof_${variant} hash_many_${variant} xof_many_${variant})
endforeach()
foreach(symbol IN LISTS blake3_symbols)
  # The assembly files define each of their functions a second time with the underscore that macOS wants.
  list(APPEND blake3_definitions blake3_${symbol}=batpak_blake3_${symbol} _blake3_${symbol}=_batpak_blake3_${symbol})
endforeach()

add_library(batpak_blake3 OBJECT ${blake3_sources})
set_target_properties(batpak_blake3 PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_compile_definitions(batpak_blake3 PRIVATE ${blake3_definitions})
target_compile_options(batpak_blake3 PRIVATE $<$<COMPILE_LANGUAGE:C>:-O3>)
# For the crypto room, which alone sees the header.
add_library(batpak_blake3_header INTERFACE)
target_include_directories(batpak_blake3_header SYSTEM INTERFACE ${BLAKE3_C_DIR})
target_compile_definitions(batpak_blake3_header INTERFACE ${blake3_definitions})
