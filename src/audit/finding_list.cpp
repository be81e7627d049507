#include "audit/finding_list.hpp"

#include <algorithm>
#include <tuple>

#include "event/store_meta.hpp"

namespace batpak::audit {

Finding make_finding(Law law, const Place& place, std::string message) {
  return {.law = law,
          .message = std::move(message),
          .path = std::string(place.path),
          .offset = place.offset,
          .sequence = place.sequence};
}

void FindingList::add(Finding finding) {
  if (findings_.size() >= findings_max_) {
    ++omitted_;
    return;
  }
  findings_.push_back(std::move(finding));
}

void FindingList::add_all(std::vector<Finding> findings) {
  for (Finding& finding : findings) add(std::move(finding));
}

std::vector<Finding> FindingList::take_sorted() {
  std::ranges::stable_sort(findings_, {}, [](const Finding& finding) {
    return std::tuple(finding.path != event::store_meta_name, std::string_view(finding.path), finding.offset.value_or(0));
  });
  return std::move(findings_);
}

}  // namespace batpak::audit
