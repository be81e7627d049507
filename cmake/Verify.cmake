# batpak::verify: what somebody needs who only checks receipts, checkpoints and proofs. It has no threads, opens no files, knows no
# store, and needs neither exceptions nor run-time types.
add_library(batpak_verify STATIC
  src/base/base64.cpp src/base/error.cpp src/base/hex.cpp src/base/utf8.cpp
  src/crypto/blake3.cpp src/crypto/ed25519.cpp src/crypto/key_name.cpp src/crypto/named_key.cpp src/crypto/sha256.cpp
  src/crypto/signing_key.cpp src/crypto/wiped.cpp
  src/codec/canonical.cpp src/codec/decoder.cpp src/codec/encoder.cpp src/codec/map_encoder.cpp src/codec/scanner.cpp
  src/codec/value.cpp src/codec/wire.cpp
  src/event/event_id.cpp src/event/event_kind.cpp src/event/frame_view.cpp src/event/hash.cpp src/event/timestamp.cpp
  src/proof/checked_signature.cpp src/proof/checkpoint.cpp src/proof/cosignature.cpp src/proof/event_record.cpp
  src/proof/heads_tree.cpp src/proof/key_chain.cpp src/proof/key_history.cpp src/proof/line_reader.cpp src/proof/merkle.cpp
  src/proof/offline_receipt.cpp src/proof/revocation.cpp src/proof/signed_consistency.cpp src/proof/stream_proof.cpp
  src/proof/tree_proof.cpp src/proof/trust_policy.cpp
  $<TARGET_OBJECTS:batpak_blake3>)
target_include_directories(batpak_verify PRIVATE src PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
target_compile_features(batpak_verify PUBLIC cxx_std_23)
target_compile_options(batpak_verify PRIVATE -fno-exceptions -fno-rtti)
# What is only compiled with is not installed.
target_link_libraries(batpak_verify PRIVATE
  $<BUILD_INTERFACE:batpak_options> $<BUILD_INTERFACE:batpak_blake3_header> PkgConfig::SODIUM OpenSSL::Crypto)
set_target_properties(batpak_verify PROPERTIES
  OUTPUT_NAME batpak-verify EXPORT_NAME verify POSITION_INDEPENDENT_CODE ON)
add_library(batpak::verify ALIAS batpak_verify)

if(BATPAK_BUILD_TESTS)
  add_subdirectory(tests/verifier)
endif()
