// The keys of a store, one after the other, as text.
#pragma once

#include <string>
#include <vector>

#include "batpak/key_chain.hpp"
#include "output.hpp"

namespace batpak::cli {

// {"key":…,"declared_by":"rotation","from":12,…}; the key is a verifier key where it can be named so.
[[nodiscard]] std::string key_span_json(const KeySpan& span, const std::string& origin);

void print_key_spans(Output& output, const std::vector<KeySpan>& spans, const std::string& origin);

}  // namespace batpak::cli
