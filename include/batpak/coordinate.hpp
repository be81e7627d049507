// Where an event happened: an entity, which names the stream, within a scope, the context it happened in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A checked pair of names. A stream is an entity's history whatever the scope: the same entity in two scopes is one stream.
//
//   auto where = batpak::Coordinate::make("player:alice", "room:dungeon");
//
// Threads: a plain value.
class Coordinate {
 public:
  static constexpr std::size_t part_bytes_max = 1024;
  static constexpr std::string_view reserved_prefix = "$batpak/";

  // Each part is 1–1024 bytes of UTF-8 (RFC 3629) without control characters (U+0000–U+001F, U+007F–U+009F).
  // Errors: invalid_coordinate; reserved_entity for an entity beginning with "$batpak/", which only the store writes to.
  [[nodiscard]] static Result<Coordinate> make(std::string_view entity, std::string_view scope);

  [[nodiscard]] const std::string& entity() const noexcept { return entity_; }
  [[nodiscard]] const std::string& scope() const noexcept { return scope_; }
  friend bool operator==(const Coordinate&, const Coordinate&) = default;

 private:
  Coordinate(std::string_view entity, std::string_view scope) : entity_(entity), scope_(scope) {}

  std::string entity_;
  std::string scope_;
};

}  // namespace batpak
