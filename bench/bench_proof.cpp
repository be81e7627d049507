// What proofs cost: keeping the tree and signing, proving to others, and checking what was proven.
//
//   bench_proof DIRECTORY [EVENTS [ROUNDS]]     a store of so many events (10,000,000) is made there, unless it is there already
#include <batpak/batpak.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "bench.hpp"
#include "platform/sim_random.hpp"
#include "proof/checkpoint.hpp"
#include "proof/merkle.hpp"

namespace {

using bench::median;
using bench::need;
using bench::seconds_of;

constexpr std::size_t batch = 1000;
constexpr std::size_t proofs = 20'000;
constexpr std::size_t receipts = 2'000;

struct Small {
  static constexpr batpak::EventType event_type{.category = 0xB, .type_id = 2, .name = "bench.small"};
  std::uint64_t n = 0;
};

batpak::OpenOptions options(const std::shared_ptr<const batpak::SigningKey>& key) {
  batpak::OpenOptions options;
  options.key = key;
  options.origin = "example.com/bench";
  return options;
}

std::shared_ptr<const batpak::SigningKey> key_of(const std::string& directory) {
  const std::string file = directory + "/key";
  if (!std::filesystem::exists(file)) need(need(batpak::SigningKey::generate()).save(file));
  return std::make_shared<const batpak::SigningKey>(need(batpak::SigningKey::load(file)));
}

void fill(const std::string& path, const std::shared_ptr<const batpak::SigningKey>& key, std::uint64_t events) {
  batpak::Store store = need(batpak::Store::open(path, options(key)));
  std::vector<batpak::Coordinate> where;
  for (int i = 0; i < 1000; ++i)
    where.push_back(need(batpak::Coordinate::make("entity:" + std::to_string(i), "scope:bench")));
  for (std::uint64_t n = store.frontier().durable; n < events;) {
    batpak::Batch next;
    for (std::size_t i = 0; i < batch; ++i, ++n) need(next.add(where[n % where.size()], Small{.n = n}));
    need(store.append_batch(std::move(next)));
  }
  need(store.close());
}

// Leaves and nodes of the events of a batch, its root, and the signature over its checkpoint.
double tree_and_signature_ns(const batpak::SigningKey& key) {
  batpak::proof::RightEdge tree;
  batpak::Hash hash;
  const double seconds = seconds_of([&] {
    for (std::size_t commit = 0; commit < 200; ++commit) {
      for (std::size_t i = 0; i < batch; ++i) {
        hash.bytes[i % 32] ^= std::byte{1};
        tree.append(batpak::proof::leaf_hash(hash));
      }
      const auto note =
          batpak::proof::sign_checkpoint({.origin = "example.com/bench", .size = tree.size(), .root = tree.root()}, key)
              .value();
      hash.bytes[0] ^= note.signature[0];
    }
  });
  return seconds * 1e9 / static_cast<double>(200 * batch);
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: bench_proof DIRECTORY [EVENTS [ROUNDS]]\n");
    return 2;
  }
  const std::string directory = arguments[1];
  const std::uint64_t events = argument_count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 10'000'000;
  const int rounds = argument_count > 3 ? std::atoi(arguments[3]) : 5;
  std::filesystem::create_directories(directory);
  const auto key = key_of(directory);
  const std::string path = directory + "/proofs";
  fill(path, key, events);

  const auto store = need(batpak::Store::open_read_only(path));
  const std::uint64_t size = need(store.signed_checkpoint()).checkpoint.size;
  const double cold = seconds_of([&] { need(store.prove_inclusion(0, size)); });
  const auto verifier = need(batpak::VerifierKey::make("example.com/bench", key->public_key()));
  batpak::platform::SimRandom random(1);
  std::vector<double> tree, inclusion, consistency, receipt, text_bytes;
  for (int round = 0; round < rounds; ++round) {
    tree.push_back(tree_and_signature_ns(*key));
    inclusion.push_back(proofs / seconds_of([&] {
                          for (std::size_t i = 0; i < proofs; ++i) need(store.prove_inclusion(random.below(size), size));
                        }));
    consistency.push_back(proofs / seconds_of([&] {
                            for (std::size_t i = 0; i < proofs; ++i) need(store.prove_consistency(random.below(size), size));
                          }));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < receipts; ++i)
      texts.push_back(format_offline_receipt(need(store.proof(random.below(size)))));
    text_bytes.push_back(static_cast<double>(texts.back().size()));
    receipt.push_back(seconds_of([&] {
                        for (const std::string& text : texts) {
                          const auto parsed = batpak::parse_offline_receipt(text);
                          if (!parsed || !verify_offline_receipt(*parsed, verifier)) std::exit(1);
                        }
                      }) *
                      1e6 / receipts);
  }
  std::printf("%llu events, medians of %d rounds\n\n", static_cast<unsigned long long>(size), rounds);
  std::printf("tree and signature, in batches of 1,000   %8.0f ns an event\n", median(tree));
  std::printf("inclusion proofs, verified, warm          %8.0f a second\n", median(inclusion));
  std::printf("consistency proofs, verified, warm        %8.0f a second\n", median(consistency));
  std::printf("offline receipt: parsed and verified      %8.1f us; its text has %.0f bytes\n", median(receipt),
              median(text_bytes));
  std::printf("the first proof after opening             %8.3f s\n", cold);
  return 0;
}
