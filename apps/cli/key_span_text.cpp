#include "key_span_text.hpp"

#include "hexadecimal.hpp"
#include "json_object.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

std::string key_text(const KeySpan& span, const std::string& origin) {
  const Result<PublicKey> key = PublicKey::from_bytes(span.key);
  const auto named = key ? VerifierKey::make(origin, *key) : Result<VerifierKey>(std::unexpected(key.error()));
  return named ? to_string(*named) : hexadecimal(span.key);
}

std::string state_of(const KeySpan& span) {
  if (span.revoked_from) return "revoked from " + std::to_string(*span.revoked_from) + " on";
  if (!span.covered_by) return span.origin == KeyOrigin::rotation ? "not finished" : "nothing signed yet";
  return span.until ? "handed over" : "in force";
}

}  // namespace

std::string key_span_json(const KeySpan& span, const std::string& origin) {
  JsonObject object;
  object.text("key", key_text(span, origin)).text("public_key", hexadecimal(span.key));
  object.text("declared_by", to_string(span.origin)).number("from", span.from);
  if (span.until) object.number("until", *span.until);
  if (span.revoked_from) object.number("revoked_from", *span.revoked_from);
  if (span.covered_by) object.number("covered_by", *span.covered_by);
  return object.finish();
}

void print_key_spans(Output& output, const std::vector<KeySpan>& spans, const std::string& origin) {
  Table table(output, {{.title = "FROM", .align = Table::Align::right},
                       {.title = "UNTIL", .align = Table::Align::right},
                       {.title = "BY"},
                       {.title = "STATE"},
                       {.title = "KEY", .columns_max = 400}});
  for (const KeySpan& span : spans) {
    table.add({std::to_string(span.from), span.until ? std::to_string(*span.until) : "-",
               std::string(to_string(span.origin)), state_of(span), key_text(span, origin)});
  }
  table.flush();
}

}  // namespace batpak::cli
