#include "engine/witness_keeper.hpp"

#include "base/bytes.hpp"
#include "base/try.hpp"
#include "recovery/segment_file_writer.hpp"

namespace batpak::engine {

using base::fail;

Result<std::unique_ptr<WitnessKeeper>> WitnessKeeper::open(platform::FileSystem& files, const WitnessFile& options) {
  const std::string& path = options.path;
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty()) return fail(Error(ErrorCode::invalid_argument, "the witness file has no name").at_path(path));
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  auto directory = files.open_directory(parent);
  if (!directory) return fail(std::move(directory).error().at_path(path));
  return std::unique_ptr<WitnessKeeper>(new WitnessKeeper(*std::move(directory), std::move(name), options));
}

Result<std::optional<WitnessRecord>> WitnessKeeper::read() const {
  const auto read_it = [this]() -> Result<std::optional<WitnessRecord>> {
    BATPAK_TRY(const bool exists, directory_->exists(name_));
    if (!exists) return std::optional<WitnessRecord>{};
    BATPAK_TRY(const auto file, directory_->open_file(name_, platform::OpenMode::read));
    Bytes bytes(WitnessRecord::bytes_max + 1);
    BATPAK_TRY(const std::size_t size, file->read_at(0, bytes));
    BATPAK_TRY(WitnessRecord record, parse_witness_record(base::as_text(ByteView(bytes).first(size))));
    return record;
  };
  auto record = read_it();
  if (!record) return fail(std::move(record).error().at_path(options_.path));
  return record;
}

Result<void> WitnessKeeper::write(const WitnessRecord& record) {
  const base::Lock lock(mutex_);
  // One who asked late does not take back what another has written meanwhile.
  const auto weight = [](const CheckpointNote& note) { return std::pair(note.checkpoint.size, note.signatures.size()); };
  if (written_ && weight(record.note) <= weight(written_->note)) return {};
  const std::string text = format_witness_record(record);
  if (auto replaced = recovery::replace_file(*directory_, name_, base::as_bytes(text)); !replaced) {
    Error error = std::move(replaced).error();
    error.message = "the witness file cannot be written: " + error.message;
    return fail(std::move(error).at_path(options_.path));
  }
  written_ = record;
  size_.store(record.note.checkpoint.size, std::memory_order_relaxed);
  return {};
}

Result<void> WitnessKeeper::remove(const std::array<std::byte, 16>& store_id) {
  BATPAK_TRY(const auto record, read());
  if (!record || record->store_id != store_id) return {};
  return directory_->remove(name_);
}

}  // namespace batpak::engine
