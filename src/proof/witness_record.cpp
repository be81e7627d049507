#include "base/hex.hpp"
#include "base/try.hpp"
#include "batpak/witness_file.hpp"
#include "proof/checkpoint.hpp"

namespace batpak {
namespace {

constexpr std::string_view first_line = "batpak-witness@v1";
constexpr std::string_view store_mark = "store ";

}  // namespace

std::string format_witness_record(const WitnessRecord& record) {
  std::string text(first_line);
  text += '\n';
  text += store_mark;
  text += base::to_hex(record.store_id);
  text += '\n';
  return text + format_note(record.note);
}

Result<WitnessRecord> parse_witness_record(std::string_view text) {
  if (text.size() > WitnessRecord::bytes_max) {
    return base::fail(ErrorCode::too_large,
                      "a witness file has at most " + std::to_string(WitnessRecord::bytes_max) + " bytes");
  }
  proof::LineReader lines(text, "the witness file");
  WitnessRecord record;
  BATPAK_TRY(const std::string_view first, lines.next());
  if (first != first_line) return lines.refuse("is not \"" + std::string(first_line) + "\"");
  BATPAK_TRY(const std::string_view store, lines.next());
  if (!store.starts_with(store_mark) || !base::from_hex(store.substr(store_mark.size()), record.store_id)) {
    return lines.refuse("does not name a store by 32 hexadecimal digits");
  }
  BATPAK_TRY(record.note, proof::parse_note(lines, proof::Unsigned::allow));
  return record;
}

}  // namespace batpak
