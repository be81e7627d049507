// Heads are declared while others append.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "platform/temporary_directory.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

// Witness: declared_heads_are_the_logs
TEST(heads_beside_writers, are_right_for_the_size_that_they_name) {
  const platform::TemporaryDirectory directory;
  const std::string path = directory.path() + "/store";
  const auto key = new_key();
  {
    OpenOptions options;
    options.key = key;
    options.origin = "example.com/doors";
    Store store = must(Store::open(path, options));
    std::atomic<bool> stop = false;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 3; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; !stop; ++i) {
          const auto where = at("door:" + std::to_string(writer) + ":" + std::to_string(i % 500));
          must(store.append(where, Moved{.x = i, .y = 0},
                            {.durability = i % 50 == 0 ? Durability::durable : Durability::buffered}));
        }
      });
    }
    const auto verifier = must(VerifierKey::make("example.com/doors", key->public_key()));
    for (int round = 0; round < 20; ++round) {
      must(store.declare_heads());
      const auto proven = verify_stream_proof(must(store.prove_stream("door:1:7")), verifier);
      ASSERT_TRUE(proven) << proven.error().message;
    }
    stop = true;
    for (std::thread& writer : writers) writer.join();
    must(store.close());
  }
  VerifyOptions options;
  options.key = key->public_key();
  const VerifyReport report = must(verify_directory(path, options));
  EXPECT_TRUE(report.clean()) << findings(report);
}

}  // namespace
}  // namespace batpak::test
