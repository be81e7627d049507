#include "key_span_text.hpp"

#include "hexadecimal.hpp"
#include "json_object.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

std::string name_of(const KeySpan& span, const std::string& origin) {
  const Result<PublicKey> key = PublicKey::from_bytes(span.key);
  const auto named = key ? VerifierKey::make(origin, *key) : Result<VerifierKey>(std::unexpected(key.error()));
  return named ? to_string(*named) : hexadecimal(span.key);
}

}  // namespace

std::string key_span_json(const KeySpan& span, const std::string& origin) {
  JsonObject object;
  object.text("key", name_of(span, origin)).text("public_key", hexadecimal(span.key));
  object.text("declared_by", to_string(span.origin)).number("from", span.from);
  if (span.until) object.number("until", *span.until);
  if (span.revoked_from) object.number("revoked_from", *span.revoked_from);
  if (span.covered_by) object.number("covered_by", *span.covered_by);
  return object.finish();
}

std::vector<LogKey> keys_of(const std::vector<KeySpan>& spans) {
  std::vector<LogKey> keys;
  for (const KeySpan& span : spans) {
    // A key that was declared before comes again only while it is in force.
    if (keys.empty() || keys.back().span.key != span.key) {
      if (!keys.empty()) keys.back().handed_over = span.origin != KeyOrigin::rotation || span.covered_by;
      keys.push_back({.span = span, .confirmed_at = {}});
      continue;
    }
    KeySpan& whole = keys.back().span;
    whole.until = span.until;
    if (!whole.revoked_from) whole.revoked_from = span.revoked_from;
    if (!whole.covered_by) whole.covered_by = span.covered_by;
    keys.back().confirmed_at.push_back(span.from);
  }
  return keys;
}

std::string key_text(const LogKey& key, const std::string& origin) { return name_of(key.span, origin); }

std::string origin_text(const LogKey& key) {
  switch (key.span.origin) {
    case KeyOrigin::first: return "declared first";
    case KeyOrigin::rotation: return "by rotation";
    case KeyOrigin::revocation: return "by revocation of a key before it";
  }
  return "unknown";
}

std::string state_text(const LogKey& key) {
  const KeySpan& span = key.span;
  std::string text = "in force";
  if (span.until) text = key.handed_over ? "handed over" : "handing over";
  if (!span.covered_by) text = span.origin == KeyOrigin::rotation ? "not finished" : "nothing signed yet";
  if (span.revoked_from) text = "revoked from " + std::to_string(*span.revoked_from) + " on";
  for (const std::uint64_t sequence : key.confirmed_at)
    text += ", confirmed by the revocation at " + std::to_string(sequence);
  return text;
}

void print_key_spans(Output& output, const std::vector<KeySpan>& spans, const std::string& origin) {
  Table table(output, {{.title = "FROM", .align = Table::Align::right},
                       {.title = "UNTIL", .align = Table::Align::right},
                       {.title = "BY"},
                       {.title = "STATE"},
                       {.title = "KEY", .columns_max = 400}});
  for (const LogKey& key : keys_of(spans)) {
    const KeySpan& span = key.span;
    table.add({std::to_string(span.from), span.until ? std::to_string(*span.until) : "-",
               std::string(to_string(span.origin)), state_text(key), key_text(key, origin)});
  }
  table.flush();
}

}  // namespace batpak::cli
