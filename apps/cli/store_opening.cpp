#include "store_opening.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "complaint.hpp"
#include "quantity.hpp"
#include "store_around.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

void remark_on_damage(const OpenReport& report) {
  for (const DamagedRange& range : report.damage) {
    remark(fmt::format("damaged: sequences {} to before {} cannot be read: {} [{}, offset {}]; batpak verify shows all",
                       range.first_sequence, range.next_sequence, range.reason, range.path, range.offset));
  }
}

bool is_to_make_witness(const OpenOptions& options) {
  std::error_code unknown;
  return options.witness_file && !std::filesystem::exists(options.witness_file->path, unknown);
}

void remark_on(const Store& store, const OpenOptions& options, bool made_witness) {
  const OpenReport& report = store.open_report();
  if (made_witness) {
    remark(
        fmt::format("made the witness file {}: whether the log was put back before, nothing says; a file that was there "
                    "and is gone did",
                    options.witness_file->path));
  }
  if (report.torn_bytes > 0) {
    const std::string kept = report.quarantine_path.empty() ? "" : fmt::format("; a copy is in {}", report.quarantine_path);
    remark(fmt::format("{} of a write that did not finish were cut off {}{}", byte_size(report.torn_bytes), report.torn_path,
                       kept));
  }
  if (options.key && !store.declared_key()) {
    remark(options.recovery_key_hash
               ? "the store has no key yet and gets this one with its next event, for good"
               : "the store has no key yet and gets this one with its next event, for good, and no recovery key: a lost key "
                 "cannot be replaced, nor a leaked one revoked");
  }
  if (report.events_signed_late > 0) {
    remark(fmt::format(
        "the last {} had no signature yet and {} signed now; without one, whoever can write the files can change them",
        counted(report.events_signed_late, "event", "events"), report.events_signed_late == 1 ? "is" : "are"));
  }
  if (report.given_up) {
    remark(
        fmt::format("the log does not go on from the {} events with the root {} that were seen; it was taken as it is, and "
                    "says so in an event of its own",
                    report.given_up->size, to_string(report.given_up->root)));
  }
  remark_on_damage(report);
}

// The library's answer would be that of a store whose directory is not there, which is another matter to whoever reads it.
Result<void> check_place_of_witness(const std::string& file) {
  std::error_code unknown;
  const std::filesystem::path parent = std::filesystem::absolute(file, unknown).parent_path();
  if (unknown || std::filesystem::exists(parent, unknown) || unknown) return {};
  return std::unexpected(
      Error(ErrorCode::not_found, "there is no directory for the witness file").at_path(file).with_errno(ENOENT));
}

}  // namespace

Result<OpenOptions> open_options(const SigningArguments& signing, const WitnessArguments& witness, Create create) {
  OpenOptions options;
  options.create = create;
  if (!witness.file.empty()) {
    if (Result<void> place = check_place_of_witness(witness.file); !place) return std::unexpected(std::move(place).error());
    options.witness_file = {.path = witness.file,
                            .persist = witness.persist,
                            .when_missing = witness.when_missing,
                            .when_not_extended = witness.when_not_extended};
  }
  if (signing.sign == SigningArguments::Sign::each_event) options.signing = SigningPolicy::each_event;
  if (signing.key_file.empty()) return options;
  Result<SigningKey> key = SigningKey::load(signing.key_file);
  if (!key) return std::unexpected(std::move(key).error());
  options.key = std::make_shared<const SigningKey>(std::move(*key));
  if (const auto store = store_around(signing.key_file)) {
    remark(fmt::format("{} lies in the store {}: who copies the store has its key", signing.key_file, *store));
  }
  if (!signing.recovery_key.empty()) {
    const Result<PublicKey> recovery_key = parse_key_argument(signing.recovery_key);
    if (!recovery_key) {
      Error error = recovery_key.error();
      error.message += " (--recovery-key takes what batpak key new prints, or a file with it)";
      return std::unexpected(std::move(error));
    }
    options.recovery_key_hash = recovery_key_hash(*recovery_key);
  }
  return options;
}

Result<Store> open_to_write(const std::string& directory, const SigningArguments& signing, const WitnessArguments& witness) {
  Result<OpenOptions> options = open_options(signing, witness, Create::never);
  if (!options) return std::unexpected(options.error());
  const bool makes_witness = is_to_make_witness(*options);
  Result<Store> store = Store::open(directory, *options);
  if (!store) return store;
  if (options->key && store->keys().empty() && signing.first_key == SigningArguments::FirstKey::refuse) {
    return std::unexpected(Error(ErrorCode::invalid_argument,
                                 "the store has no key; --first-key gives it this one for good, so that nothing is written "
                                 "without it, and --recovery-key names who can revoke it")
                               .at_path(directory));
  }
  remark_on(*store, *options, makes_witness);
  return store;
}

Result<Store> open_with_remarks(const std::string& directory, const OpenOptions& options) {
  const bool makes_witness = is_to_make_witness(options);
  Result<Store> store = Store::open(directory, options);
  if (store) remark_on(*store, options, makes_witness);
  return store;
}

ExitCode close(Store& store, const WitnessArguments& witness, std::string_view done) {
  const Result<void> closed = store.close();
  if (closed) return ExitCode::fine;
  if (witness.file.empty() || closed.error().path != witness.file) return complain(closed.error());
  return complain(
      closed.error(),
      fmt::format("{}; only the witness file is behind, and the next command that names it brings it up to date", done));
}

Result<Store> open_to_read(const std::string& directory, ReadOnlyOptions::Undurable undurable) {
  Result<Store> store = Store::open_read_only(directory, {.undurable = undurable});
  if (store) remark_on_damage(store->open_report());
  return store;
}

}  // namespace batpak::cli
