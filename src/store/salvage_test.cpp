#include "batpak/salvage.hpp"

#include <gtest/gtest.h>

#include "store/test_store.hpp"

namespace batpak::test {
namespace {

class SalvageTest : public testing::Test {
 protected:
  SalvageTest() {
    Store store = machine_.open();
    for (int i = 0; i < 20; ++i) must(store.append(at("e" + std::to_string(i % 3)), Moved{.x = i, .y = 0}));
    must(store.close());
  }

  Result<SalvageReport> salvage_to(const std::string& destination) {
    OpenOptions options = machine_.options();
    return salvage("store", destination, options);
  }

  std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> found;
    for (const std::string& path : machine_.files.list_files()) {
      if (path.contains(directory + "/")) found.push_back(path);
    }
    return found;
  }

  SimMachine machine_;
};

TEST_F(SalvageTest, copies_what_is_whole) {
  const SalvageReport report = must(salvage_to("copy"));
  EXPECT_EQ(report.events_lost, 0U);
  EXPECT_TRUE(report.damage.empty());
  OpenOptions options = machine_.options();
  Store copy = must(Store::open("copy", options));
  EXPECT_EQ(all(must(copy.read())).size(), 20U);
}

TEST_F(SalvageTest, leaves_nothing_but_empty_directories_when_it_fails) {
  std::uint64_t failed = 0;
  for (const platform::SimCall call : {platform::SimCall::write, platform::SimCall::sync, platform::SimCall::rename,
                                       platform::SimCall::sync_directory, platform::SimCall::allocate}) {
    for (std::uint64_t nth = 1;; ++nth) {
      const std::string destination = "copy-" + std::to_string(static_cast<int>(call)) + "-" + std::to_string(nth);
      machine_.files.clear_faults();
      const std::uint64_t met = machine_.files.count_faults_met();
      machine_.files.inject(
          {.call = call, .path_contains = "copy", .nth = nth, .effect = platform::SimFault::Effect::io_error});
      const auto done = salvage_to(destination);
      if (machine_.files.count_faults_met() == met) break;
      if (done) continue;
      ++failed;
      EXPECT_EQ(files_below(destination), std::vector<std::string>{}) << to_string(done.error());
    }
  }
  EXPECT_GT(failed, 10U);
}

TEST_F(SalvageTest, leaves_a_destination_alone_that_holds_something) {
  must(salvage_to("copy"));
  const auto before = files_below("copy");
  EXPECT_EQ(error_of(salvage_to("copy")), "already_a_store");
  EXPECT_EQ(files_below("copy"), before);
  must(machine_.files.write_file("other/file", {}));
  EXPECT_EQ(error_of(salvage_to("other")), "not_a_store");
  EXPECT_EQ(files_below("other").size(), 1U);
}

}  // namespace
}  // namespace batpak::test
