// The keys of a store, one after the other, as text.
#pragma once

#include <string>
#include <vector>

#include "batpak/key_chain.hpp"
#include "output.hpp"

namespace batpak::cli {

// {"key":…,"declared_by":"rotation","from":12,…}; the key is a verifier key where it can be named so.
[[nodiscard]] std::string key_span_json(const KeySpan& span, const std::string& origin);

// A key as people count them. A revocation may name the key in force as the successor, which the log then declares twice.
struct LogKey {
  KeySpan span;                             // all of its spans in one
  std::vector<std::uint64_t> confirmed_at;  // sequences of revocations that left it in force
  bool handed_over = false;                 // the change to the next one is finished
};
[[nodiscard]] std::vector<LogKey> keys_of(const std::vector<KeySpan>& spans);

// The key as a verifier key, where it can be named so; how it came: "by rotation"; and what has become of it: "in force".
[[nodiscard]] std::string key_text(const LogKey& key, const std::string& origin);
[[nodiscard]] std::string origin_text(const LogKey& key);
[[nodiscard]] std::string state_text(const LogKey& key);

// A line for each key.
void print_key_spans(Output& output, const std::vector<KeySpan>& spans, const std::string& origin);

}  // namespace batpak::cli
