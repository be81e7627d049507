// What was found broken, in the order of the log, up to a bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/verify.hpp"

namespace batpak::audit {

// Where in the log something was found. `path` is relative to the store's directory.
struct Place {
  std::string_view path;
  std::optional<std::uint64_t> offset = {};
  std::optional<std::uint64_t> sequence = {};
};

[[nodiscard]] Finding make_finding(Law law, const Place& place, std::string message);

// Threads: one.
class FindingList {
 public:
  explicit FindingList(std::size_t findings_max) : findings_max_(findings_max) {}

  void add(Finding finding);
  void add(Law law, const Place& place, std::string message) { add(make_finding(law, place, std::move(message))); }
  void add_all(std::vector<Finding> findings);
  // Findings beyond the bound, which were counted only.
  [[nodiscard]] std::uint64_t omitted() const noexcept { return omitted_; }
  // What was added so far, for who knows more about it by now.
  [[nodiscard]] std::vector<Finding>& findings() noexcept { return findings_; }
  // store.meta first, then file by file and from the front to the end of each.
  [[nodiscard]] std::vector<Finding> take_sorted();

 private:
  std::size_t findings_max_;
  std::uint64_t omitted_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace batpak::audit
