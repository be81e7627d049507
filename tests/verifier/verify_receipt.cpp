// Checks a receipt, or a proof that nothing was left out, on standard input with the verifier key that is its argument. Prints
// what it proves, or why it proves nothing.
#include <batpak/stream_proof.hpp>
#include <cstdio>
#include <string>

namespace {

int check_stream(const std::string& text, const batpak::VerifierKey& key) {
  const auto proof = batpak::parse_stream_proof(text);
  const auto proven = proof ? verify_stream_proof(*proof, key) : std::unexpected(proof.error());
  if (!proven) {
    std::printf("%s\n", std::string(to_string(proven.error().fault)).c_str());
    return 1;
  }
  std::printf("%zu %s\n", proven->events.size(), proven->entity.c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("Usage: verify_receipt VERIFIER_KEY < RECEIPT\n", stderr);
    return 2;
  }
  const auto key = batpak::VerifierKey::from_string(arguments[1]);
  if (!key) {
    std::fprintf(stderr, "%s\n", key.error().message.c_str());
    return 2;
  }
  std::string text;
  for (int character = std::getchar(); character != EOF; character = std::getchar()) text += static_cast<char>(character);
  if (batpak::is_stream_proof(text)) return check_stream(text, *key);
  const auto receipt = batpak::parse_offline_receipt(text);
  if (!receipt) {
    std::printf("%s\n", std::string(to_string(receipt.error().fault)).c_str());
    return 1;
  }
  const auto proven = verify_offline_receipt(*receipt, *key);
  if (!proven) {
    std::printf("%s\n", std::string(to_string(proven.error().fault)).c_str());
    return 1;
  }
  std::printf("%s %s\n", std::to_string(proven->sequence).c_str(), proven->entity.c_str());
  return 0;
}
