// Where lanes branch off: whether that is an earlier event of their entity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/finding_list.hpp"
#include "batpak/hash.hpp"
#include "segment/commit.hpp"

namespace batpak::audit {

// A branch may begin at any earlier event of its entity. What all events were is too much to remember for the few that a branch
// names, so the beginnings are kept, and those events looked at again when the log was gone through. What is kept is less than
// what is known of the lanes' ends anyway. An event that is not there to be looked at refutes nothing: that it is lost or
// damaged was said.
//
// Threads: one. First all add(), then sort(), then look_at() in the order of the log.
class BranchCheck {
 public:
  explicit BranchCheck(FindingList& findings) : findings_(findings) {}

  // The event at `place` begins a lane of the entity at event `previous`, before itself, of this hash. The name stays where it is.
  void add(const Place& place, std::string_view entity, std::uint64_t previous, const Hash& hash);
  void sort();
  // Whether a branch begins at one of these events.
  [[nodiscard]] bool asks_for(std::uint64_t first_sequence, std::uint64_t next_sequence) const;
  // A whole commit of events.
  void look_at(const segment::CommitView& commit);

 private:
  struct Beginning {
    std::uint64_t previous = 0;
    Hash hash;
    std::string_view entity;
    std::size_t path = 0;  // where the branch's event stands
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    bool settled = false;
  };

  FindingList& findings_;
  std::vector<std::string> paths_;
  std::vector<Beginning> beginnings_;
};

}  // namespace batpak::audit
