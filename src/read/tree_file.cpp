#include "read/tree_file.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/try.hpp"

namespace batpak::read {
namespace {

constexpr std::string_view directory_name = "tree";
constexpr std::string_view file_name = "tree/nodes";
constexpr std::string_view temporary_name = "tree/nodes.tmp";
constexpr std::string_view magic = "batpakT1";
constexpr std::size_t at_magic = 8;
constexpr std::size_t at_store_id = 16;
constexpr std::size_t at_events = 32;
constexpr std::size_t at_root = 40;
constexpr std::size_t at_nodes = 72;
constexpr std::uint64_t granularity = std::uint64_t{1} << LogTree::kept_level;

// Errors: too_large over `bytes_max`, beside those of the calls.
Result<Bytes> read_whole(platform::Directory& directory, std::uint64_t bytes_max) {
  BATPAK_TRY(const auto file, directory.open_file(file_name, platform::OpenMode::read));
  BATPAK_TRY(const std::uint64_t size, file->size());
  if (size > bytes_max) return base::fail(ErrorCode::too_large, "the file has more nodes than the tree");
  Bytes bytes(size);
  BATPAK_TRY(const std::size_t count, file->read_at(0, bytes));
  bytes.resize(count);
  return bytes;
}

}  // namespace

void load_tree(platform::Directory& directory, const StoreId& store_id, std::uint64_t events_max, LogTree& tree) {
  const auto bytes = read_whole(directory, at_nodes + LogTree::count_nodes(events_max) * Hash::bytes_size);
  if (!bytes || bytes->size() < at_nodes || (bytes->size() - at_nodes) % Hash::bytes_size != 0) return;
  const ByteView view(*bytes);
  if (base::as_text(view.subspan(at_magic, magic.size())) != magic) return;
  if (!std::ranges::equal(view.subspan(at_store_id, store_id.size()), store_id)) return;
  const auto events = base::load_le<std::uint64_t>(view.data() + at_events);
  const std::uint64_t count = (view.size() - at_nodes) / Hash::bytes_size;
  if (events % granularity != 0 || events > events_max || LogTree::count_nodes(events) != count) return;
  if (base::load_le<std::uint32_t>(view.data()) != base::crc32c(view.subspan(4))) return;
  std::vector<Hash> nodes(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::ranges::copy(view.subspan(at_nodes + i * Hash::bytes_size, Hash::bytes_size), nodes[i].bytes.begin());
  }
  tree.resume(events, nodes);
  Hash root;
  std::ranges::copy(view.subspan(at_root, Hash::bytes_size), root.bytes.begin());
  const auto computed = proof::root_at(tree, events);
  if (!computed || *computed != root) tree.clear();
}

Result<void> save_tree(platform::Directory& directory, const StoreId& store_id, const LogTree& tree) {
  BATPAK_TRY(const Hash root, proof::root_at(tree, tree.size()));
  Bytes bytes(at_magic);
  base::append(bytes, base::as_bytes(magic));
  base::append(bytes, store_id);
  base::append_le(bytes, tree.size());
  base::append(bytes, root.bytes);
  for (const Hash& node : tree.nodes()) base::append(bytes, node.bytes);
  base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
  BATPAK_CHECK(directory.make_directory(directory_name));
  BATPAK_CHECK(directory.remove(temporary_name));
  {
    BATPAK_TRY(const auto file, directory.open_file(temporary_name, platform::OpenMode::create_new));
    BATPAK_CHECK(file->write_at(0, bytes));
  }
  return directory.rename(temporary_name, file_name);
}

}  // namespace batpak::read
