// What of a damaged store can be copied so that the copy keeps every law.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "batpak/hash.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"

namespace batpak::store {

// Judges the events of the source one after the other, in their order, and remembers what those that are copied declare.
//
// Threads: one.
class CopyCheck {
 public:
  // Why the event is left out; nothing for one that is copied. Its hashes are looked at too.
  [[nodiscard]] std::optional<std::string> judge(const event::FrameView& frame);

  // Types that a copied event has and no copied declaration declares before it: what has to be declared before all of them.
  [[nodiscard]] std::vector<event::TypeDeclaration> missing_declarations() const;
  // Where the source declares the same, which would then be declared twice.
  [[nodiscard]] std::optional<std::uint64_t> find_declared(const event::TypeDeclaration& declaration) const;

  // The entities that have another lane than the main one.
  [[nodiscard]] bool has_branches(std::string_view entity) const { return branched_.contains(entity); }

 private:
  [[nodiscard]] std::optional<std::string> judge_form(const event::FrameView& frame) const;
  [[nodiscard]] std::optional<std::string> judge_store_event(const event::FrameView& frame);
  [[nodiscard]] std::optional<std::string> judge_declaration(const event::FrameView& frame);

  using Type = std::pair<std::uint16_t, std::uint16_t>;  // kind and version
  std::set<Type> declared_;
  std::set<Type> undeclared_;
  std::map<std::uint16_t, std::string> first_names_;  // of kinds, as they are declared first
  std::map<std::uint16_t, std::string> names_;        // as they are declared now
  std::map<std::string, std::uint16_t> kinds_;
  std::map<Hash, std::uint64_t> declarations_;  // by their payloads: the sequence
  std::set<std::string, std::less<>> entities_;
  std::set<std::string, std::less<>> branched_;
};

}  // namespace batpak::store
