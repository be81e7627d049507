// What kinds mean, as the log declares it, and whether every event keeps to that.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include "audit/finding_list.hpp"
#include "event/frame_view.hpp"

namespace batpak::audit {

// Threads: one; events come in the order of the log.
class DeclaredTypes {
 public:
  explicit DeclaredTypes(FindingList& findings) : findings_(findings) {}

  // Whether the payload says anything: not where it is erased, or was changed, which has been said.
  enum class Payload : std::uint8_t { known, unknown };
  void check(const event::FrameView& frame, const Place& place, Payload payload);

  void report(VerifyReport& report) const {
    report.restores = restores_;
    report.restores_omitted = restores_omitted_;
    report.salvages = salvages_;
    report.salvages_omitted = salvages_omitted_;
  }

 private:
  void check_store_event(const event::FrameView& frame, const Place& place, Payload payload);
  void declare(const event::FrameView& frame, const Place& place);
  void check_restore(const event::FrameView& frame, const Place& place);
  void note_salvage(const event::FrameView& frame, const Place& place);

  FindingList& findings_;
  std::unordered_set<std::uint32_t> declared_;  // kinds and versions
  std::map<std::uint16_t, std::string> names_;
  std::map<std::string, std::uint16_t> kinds_;
  std::set<Hash> declarations_;  // of their payloads
  std::vector<AcceptedRestore> restores_;
  std::uint64_t restores_omitted_ = 0;
  std::vector<RecordedSalvage> salvages_;
  std::uint64_t salvages_omitted_ = 0;
};

}  // namespace batpak::audit
