// What chance decides in one move: asked one after the other, and all combinations are tried.
#pragma once

#include <cstddef>
#include <vector>

namespace batpak::model {

//   Choices choices;
//   do { run(choices); } while (choices.next());
class Choices {
 public:
  // The first run answers every question with no.
  [[nodiscard]] bool ask() {
    if (asked_ == answers_.size()) answers_.push_back(false);
    return answers_[asked_++];
  }
  // The next combination; false when all were tried.
  [[nodiscard]] bool next() {
    answers_.resize(asked_);
    asked_ = 0;
    while (!answers_.empty() && answers_.back()) answers_.pop_back();
    if (answers_.empty()) return false;
    answers_.back() = true;
    return true;
  }

 private:
  std::vector<bool> answers_;
  std::size_t asked_ = 0;
};

}  // namespace batpak::model
