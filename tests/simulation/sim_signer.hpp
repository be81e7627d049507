// Who holds the key of a simulated store: one of a few keys, and at times out of reach.
#pragma once

#include <array>
#include <memory>

#include "crash/machine.hpp"

namespace batpak::test {

// Threads: one.
class SimSigner final : public Signer {
 public:
  static constexpr std::size_t keys = 4;

  explicit SimSigner(std::size_t number) : number_(number) {}

  [[nodiscard]] const PublicKey& public_key() const noexcept override { return key()->public_key(); }
  [[nodiscard]] Result<Signature> signature_of(std::span<const std::byte> message) const override {
    if (!reachable) return std::unexpected(Error(ErrorCode::signer_failed, "the agent is out of reach"));
    return key()->sign(message);
  }
  // The signer of the next key; null behind the last.
  [[nodiscard]] std::shared_ptr<SimSigner> next() const {
    return number_ + 1 < keys ? std::make_shared<SimSigner>(number_ + 1) : nullptr;
  }

  // Of somebody else, who can revoke all of them.
  [[nodiscard]] static const SigningKey& recovery_key() {
    static const SigningKey key = SigningKey::generate().value();
    return key;
  }

  bool reachable = true;

 private:
  [[nodiscard]] const std::shared_ptr<const SigningKey>& key() const noexcept {
    static const std::array<std::shared_ptr<const SigningKey>, keys> all = [] {
      std::array<std::shared_ptr<const SigningKey>, keys> made{test_key()};
      for (std::size_t i = 1; i < keys; ++i) made[i] = std::make_shared<const SigningKey>(SigningKey::generate().value());
      return made;
    }();
    return all[number_];
  }

  std::size_t number_;
};

}  // namespace batpak::test
