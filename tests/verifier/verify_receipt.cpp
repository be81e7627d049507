// Checks a receipt on standard input with the verifier key that is its argument. Prints what it proves, or why it proves nothing.
#include <batpak/offline_receipt.hpp>
#include <cstdio>
#include <string>

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
