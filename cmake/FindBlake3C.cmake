# BLAKE3's official C and assembly sources, compiled into the crypto room. Debian 12 ships them in librust-blake3-dev
# (it has no libblake3-dev). Symbols get the prefix batpak_ so that a program may link another BLAKE3 beside ours.
file(GLOB candidates /usr/share/cargo/registry/blake3-*/c)
find_path(BLAKE3_C_DIR NAMES blake3.c blake3_impl.h PATHS ${candidates} NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Blake3C REQUIRED_VARS BLAKE3_C_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup (it installs librust-blake3-dev), or set BLAKE3_C_DIR to the c/ folder of the BLAKE3 sources")
