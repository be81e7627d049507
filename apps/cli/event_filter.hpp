// Which events log shows.
#pragma once

#include <string>

#include "batpak/event.hpp"

namespace batpak::cli {

// Empty members let everything pass. An entity that ends in * is a prefix; a kind is a name or a number ("f:001").
struct EventFilter {
  std::string entity;
  std::string scope;
  std::string kind;

  [[nodiscard]] bool lets_pass(const EventView& event) const;
  // Whether the events that pass are all of one stream.
  [[nodiscard]] bool names_one_stream() const noexcept { return !entity.empty() && !entity.ends_with('*'); }
};

}  // namespace batpak::cli
