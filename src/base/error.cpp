#include "batpak/error.hpp"

#include <cstring>
#include <ostream>

namespace batpak {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
#define BATPAK_NAME(name) \
  case ErrorCode::name: return #name
    BATPAK_NAME(invalid_argument);
    BATPAK_NAME(invalid_coordinate);
    BATPAK_NAME(reserved_entity);
    BATPAK_NAME(reserved_kind);
    BATPAK_NAME(payload_too_large);
    BATPAK_NAME(batch_too_large);
    BATPAK_NAME(invalid_metadata);
    BATPAK_NAME(invalid_name);
    BATPAK_NAME(empty_batch);
    BATPAK_NAME(malformed);
    BATPAK_NAME(truncated);
    BATPAK_NAME(type_mismatch);
    BATPAK_NAME(out_of_range);
    BATPAK_NAME(duplicate_key);
    BATPAK_NAME(too_deep);
    BATPAK_NAME(too_large);
    BATPAK_NAME(trailing_bytes);
    BATPAK_NAME(invalid_utf8);
    BATPAK_NAME(kind_mismatch);
    BATPAK_NAME(version_mismatch);
    BATPAK_NAME(unsupported_type);
    BATPAK_NAME(not_a_store);
    BATPAK_NAME(already_a_store);
    BATPAK_NAME(not_a_directory);
    BATPAK_NAME(permission_denied);
    BATPAK_NAME(locked);
    BATPAK_NAME(newer_format);
    BATPAK_NAME(foreign_segment);
    BATPAK_NAME(damaged);
    BATPAK_NAME(read_only);
    BATPAK_NAME(no_such_directory);
    BATPAK_NAME(not_found);
    BATPAK_NAME(corrupt);
    BATPAK_NAME(history_changed);
    BATPAK_NAME(past_the_end);
    BATPAK_NAME(not_written);
    BATPAK_NAME(outcome_unknown);
    BATPAK_NAME(poisoned);
    BATPAK_NAME(closed);
    BATPAK_NAME(forked_child);
    BATPAK_NAME(queue_full);
    BATPAK_NAME(timeout);
    BATPAK_NAME(kind_collision);
    BATPAK_NAME(kinds_exhausted);
    BATPAK_NAME(key_required);
    BATPAK_NAME(wrong_key);
    BATPAK_NAME(malformed_key);
    BATPAK_NAME(insecure_key_file);
    BATPAK_NAME(bad_signature);
    BATPAK_NAME(bad_proof);
    BATPAK_NAME(rolled_back);
    BATPAK_NAME(forked);
    BATPAK_NAME(witness_missing);
    BATPAK_NAME(witness_foreign);
    BATPAK_NAME(rotation_unfinished);
    BATPAK_NAME(signer_failed);
    BATPAK_NAME(no_heads);
    BATPAK_NAME(io_error);
    BATPAK_NAME(no_space);
    BATPAK_NAME(out_of_resources);
    BATPAK_NAME(unsupported);
#undef BATPAK_NAME
  }
  return "unknown_error";
}

std::string to_string(const Error& error) {
  std::string text(to_string(error.code));
  text += ": ";
  text += error.message;
  if (!error.path.empty() || error.offset || error.sequence) {
    std::string separator = " [";
    const auto fact = [&](const std::string& words) {
      text += separator;
      text += words;
      separator = ", ";
    };
    if (!error.path.empty()) fact(error.path);
    if (error.offset) fact("offset " + std::to_string(*error.offset));
    if (error.sequence) fact("sequence " + std::to_string(*error.sequence));
    text += ']';
  }
  if (error.system_errno != 0) {
    text += " (errno " + std::to_string(error.system_errno) + ": ";
    char buffer[128];
    text += strerror_r(error.system_errno, buffer, sizeof buffer);  // the GNU form returns the text
    text += ')';
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << to_string(error); }

}  // namespace batpak
