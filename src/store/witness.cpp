#include "store/witness.hpp"

#include <utility>

#include "base/try.hpp"
#include "platform/real_path.hpp"
#include "store/inside.hpp"

namespace batpak::store {

using base::fail;

namespace {

// The file that is meant: replacing a link to it by a file would leave it as it was. Inside of the store's directory it would be
// put back together with the log, and say nothing.
Result<WitnessFile> find_witness_file(const std::string& directory, const OpenOptions& options) {
  WitnessFile file = *options.witness_file;
  if (options.file_system == nullptr) {
    BATPAK_TRY(file.path, platform::real_path(file.path));
  }
  BATPAK_TRY(const bool inside, is_inside(file.path, directory, options.file_system));
  if (inside) {
    return fail(Error(ErrorCode::invalid_argument,
                      "a witness file inside of the store's directory would be put back together with it")
                    .at_path(options.witness_file->path));
  }
  return file;
}

}  // namespace

Result<Witness> open_witness(platform::FileSystem& files, const std::string& directory, const OpenOptions& options) {
  Witness witness;
  if (!options.witness_file) return witness;
  BATPAK_TRY(const WitnessFile file, find_witness_file(directory, options));
  BATPAK_TRY(witness.keeper, engine::WitnessKeeper::open(files, file));
  BATPAK_CHECK(read_again(witness, options));
  return witness;
}

Result<void> read_again(Witness& witness, const OpenOptions& options) {
  if (witness.keeper == nullptr) return {};
  BATPAK_TRY(witness.record, witness.keeper->read());
  if (!witness.record && options.witness_file->when_missing == WitnessFile::WhenMissing::refuse) {
    return fail(Error(ErrorCode::witness_missing, "the witness file is not there").at_path(options.witness_file->path));
  }
  return {};
}

}  // namespace batpak::store
