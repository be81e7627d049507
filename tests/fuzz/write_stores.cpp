// Writes mutated stores into directories, for other readers to judge.
//
//   fuzz_write_stores DIRECTORY COUNT SEED     as pseudo-random inputs say
//   fuzz_write_stores DIRECTORY FILE...        as these inputs of the target "store" say
//
// Each store is DIRECTORY/<number>/store, and the input that made it DIRECTORY/<number>/input. The verifier's key of the
// signed ones is printed behind the store's path, one store a line.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/mutated_store.hpp"
#include "platform/sim_random.hpp"

namespace {

using batpak::Bytes;
using batpak::ByteView;
using batpak::fuzz::MutatedStore;

constexpr std::size_t input_bytes_max = 60;

void write_file(const std::filesystem::path& path, ByteView bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  const std::string_view text = batpak::base::as_text(bytes);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
}

// The key under the name that the store was made with.
std::string verifier_key(const MutatedStore& store) {
  if (!store.original->key) return "-";
  const auto meta = batpak::event::StoreMeta::decode(store.original->files.at("store.meta")).value();
  return to_string(batpak::VerifierKey::make(meta.genesis.origin, store.original->key->public_key()).value());
}

void write_store(const std::filesystem::path& place, ByteView input) {
  batpak::fuzz::Choices choices(input);
  const MutatedStore store = batpak::fuzz::mutate(choices);
  write_file(place / "input", input);
  std::filesystem::create_directories(place / "store" / "log");
  for (const auto& [path, bytes] : store.files) write_file(place / "store" / path, bytes);
  std::printf("%s %s %s\n", (place / "store").c_str(), verifier_key(store).c_str(), store.original->name.data());
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const ByteView bytes = batpak::base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Bytes random_input(std::uint64_t seed) {
  batpak::platform::SimRandom random(seed);
  Bytes input(2 + random.below(input_bytes_max));
  for (std::byte& byte : input) byte = static_cast<std::byte>(random.next() >> 56U);
  return input;
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) {
    std::fputs("Usage: fuzz_write_stores DIRECTORY COUNT SEED\n       fuzz_write_stores DIRECTORY FILE...\n", stderr);
    return 2;
  }
  const std::filesystem::path directory = arguments[0];
  const bool from_files = std::filesystem::exists(arguments[1]);
  const std::uint64_t count = from_files ? arguments.size() - 1 : number(arguments[1]);
  const std::uint64_t seed = from_files || arguments.size() < 3 ? 1 : number(arguments[2]);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Bytes input = from_files ? read_file(arguments[i + 1]) : random_input(seed * 1'000'003 + i);
    write_store(directory / std::to_string(i), input);
  }
  return 0;
}
