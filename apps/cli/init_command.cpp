#include <fmt/core.h>

#include <filesystem>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "new_store.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {

ExitCode run(const InitArguments& arguments) {
  const std::expected<OpenOptions, ExitCode> options = new_store_options(arguments);
  if (!options) return options.error();
  Result<Store> store = Store::open(arguments.directory, *options);
  if (!store && store.error().code == ErrorCode::not_a_store) {
    return complain(store.error(), "choose a directory that is empty or not there yet");
  }
  std::error_code unknown;
  if (!store && !arguments.witness.file.empty() && store.error().path == arguments.witness.file &&
      std::filesystem::exists(arguments.directory + "/store.meta", unknown)) {
    return complain(store.error(), "the store is made; --witness-create with the first append makes the witness file");
  }
  if (!store) return complain(store.error());
  const std::string key = verifier_key_text(store->origin(), *options);
  const std::string done = "the store is made";
  Output output;
  output.did(done);
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("path", arguments.directory).text("store_id", store->store_id()).text("origin", store->origin());
    if (!key.empty()) object.text("key", key);
    output.line(object.finish());
  } else {
    output.line(fmt::format("made the store {}, origin {}", arguments.directory, store->origin()));
    if (!key.empty()) output.line(fmt::format("its key for those who verify: {}", key));
  }
  output.flush();
  remark_on_recovery_key(*options);
  if (const ExitCode closed = close(*store, arguments.witness, done); closed != ExitCode::fine) return closed;
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
