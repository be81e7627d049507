#include "complaint.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "display_text.hpp"

namespace batpak::cli {
namespace {

void print_line(std::string_view text) { fmt::print(stderr, "batpak: {}\n", printable(text)); }

// A file that is refused as a signing key. Others may read a public key, and no mode makes it one that signs.
std::string way_out_of_key_file(const std::string& path) {
  std::error_code unknown;
  std::string first_line;
  if (std::filesystem::is_symlink(path, unknown)) return "name the file itself: a link may be turned to another key";
  if (std::filesystem::symlink_status(path, unknown).type() == std::filesystem::file_type::regular) {
    std::ifstream file(path, std::ios::binary);
    std::getline(file, first_line);
  }
  if (first_line.starts_with("-----BEGIN PRIVATE KEY-----")) return fmt::format("chmod 600 {} closes it to others", path);
  return "name the file that batpak key new made; the public half of a key cannot sign";
}

// A store that is gone cannot be taken as it is.
std::string way_out_of_rollback(const Error& error) {
  std::error_code unknown;
  if (error.code == ErrorCode::rolled_back && !std::filesystem::exists(error.path + "/store.meta", unknown)) {
    return "put a copy of the store back; a new store needs a witness file of its own";
  }
  return "if an older copy was put back on purpose, --accept-restore says so in the log";
}

// What a salvage left that did not finish is no place for a new store, and says itself what to do with it.
std::string way_out_of_no_store(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path + "/salvage.tmp", unknown) ? "" : "batpak init DIR makes one";
}

std::string way_out_of_unsupported(const std::string& path) {
  std::error_code unknown;
  const bool is_other = std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown);
  return is_other ? "name a file" : "put the store on a local file system";
}

std::string way_out_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_coordinate: return "entity and scope are 1 to 1024 bytes of UTF-8 without control characters";
    case ErrorCode::reserved_entity: return "choose an entity that does not begin with \"$batpak/\"";
    case ErrorCode::payload_too_large: return "keep the large part in a file and its hash in the event";
    case ErrorCode::batch_too_large: return "use a smaller --batch";
    case ErrorCode::invalid_metadata: return "metadata are at most 64 names of 1 to 255 bytes, 64 KiB in all";
    case ErrorCode::not_a_store: return way_out_of_no_store(error.path);
    case ErrorCode::already_a_store: return "append to it, or choose another directory";
    case ErrorCode::not_a_directory: return "a store is a directory; choose another path";
    case ErrorCode::no_such_directory:
      return "check the path; batpak init DIR makes a store where the directory above it exists";
    case ErrorCode::permission_denied: return "check the owner and mode of the path, and who you are";
    case ErrorCode::locked: return "stop that process, or read beside it: log, get, history, stat and verify need no lock";
    case ErrorCode::newer_format: return "use the batpak that wrote it, or a newer one";
    case ErrorCode::foreign_segment:
      return "take the file out of the store; batpak verify DIR lists what does not belong there";
    case ErrorCode::damaged:
    case ErrorCode::corrupt: return "batpak verify DIR shows what is wrong; batpak salvage DIR NEW goes on in a new store";
    case ErrorCode::not_written: return "nothing was written; try again";
    case ErrorCode::outcome_unknown: return "look with batpak log whether the event is there before trying again";
    case ErrorCode::poisoned: return "run the command again: opening repairs the store";
    case ErrorCode::kind_collision: return "batpak types DIR lists the kinds and their names";
    case ErrorCode::kinds_exhausted: return "4,096 names are in use; put the difference into the payload";
    case ErrorCode::key_required: return "give the store's key with --key-file FILE";
    case ErrorCode::wrong_key: return "batpak stat DIR shows the key that the store declares";
    case ErrorCode::malformed_key: return "batpak key new FILE makes a key, batpak key show prints its public half";
    case ErrorCode::insecure_key_file: return way_out_of_key_file(error.path);
    case ErrorCode::rolled_back:
    case ErrorCode::forked: return way_out_of_rollback(error);
    case ErrorCode::witness_missing: return "--witness-create makes a new one from today's log";
    case ErrorCode::witness_foreign: return "each store has a witness file of its own";
    case ErrorCode::rotation_unfinished:
      return "batpak key rotate DIR --key-file OLD --new-key-file NEW, as it was begun, finishes it";
    case ErrorCode::signer_failed: return "look at the program that holds the key";
    case ErrorCode::no_heads: return "batpak heads DIR declares them";
    case ErrorCode::no_space: return "make room on the device and try again";
    case ErrorCode::out_of_resources: return "raise the limits (ulimit -a) or close other programs";
    case ErrorCode::unsupported: return way_out_of_unsupported(error.path);
    case ErrorCode::io_error: return "look at the system's log (dmesg) for the device";
    default: return {};
  }
}

}  // namespace

ExitCode exit_code_of(const Error& error) noexcept {
  // A file that is not there is no finding; an event that the log does not hold is one.
  if (error.code == ErrorCode::not_found && error.system_errno != 0) return ExitCode::could_not_run;
  switch (error.code) {
    case ErrorCode::not_found:
    case ErrorCode::history_changed:
    case ErrorCode::past_the_end:
    case ErrorCode::bad_signature:
    case ErrorCode::rolled_back:
    case ErrorCode::forked:
    case ErrorCode::no_heads:
    case ErrorCode::bad_proof: return ExitCode::finding;
    case ErrorCode::kind_collision:
    case ErrorCode::kinds_exhausted:
    case ErrorCode::malformed_key: return ExitCode::usage;
    default: {
      // 1xx: what the caller gave; 2xx: a payload.
      const auto number = static_cast<unsigned>(error.code);
      return number < 300 ? ExitCode::usage : ExitCode::could_not_run;
    }
  }
}

ExitCode complain(const Error& error) { return complain(error, way_out_of(error)); }

ExitCode complain(const Error& error, std::string_view way_out) {
  Error shown = error;
  if (shown.path.contains("PRIVATE KEY-----")) shown.path = "the text of a key, where the name of its file belongs";
  const std::string text = to_string(shown);
  print_line(way_out.empty() ? text : fmt::format("{}; {}", text, way_out));
  return exit_code_of(error);
}

Error at_line(Error error, std::uint64_t line) {
  const std::string byte = error.offset ? fmt::format(", byte {}", *error.offset + 1) : "";
  error.message = fmt::format("line {}{}: {}", line, byte, error.message);
  error.offset.reset();  // it counts from the start of the line, not of the file
  return error;
}

ExitCode complain_of_usage(std::string_view sentence) {
  print_line(sentence);
  return ExitCode::usage;
}

void remark(std::string_view sentence) { print_line(sentence); }

}  // namespace batpak::cli
