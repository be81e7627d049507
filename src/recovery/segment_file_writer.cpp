#include "recovery/segment_file_writer.hpp"

#include "base/try.hpp"

namespace batpak::recovery {

Result<void> replace_file(platform::Directory& directory, const std::string& name, ByteView bytes) {
  const std::string temporary = name + ".tmp";
  {
    BATPAK_CHECK(directory.remove(temporary));
    BATPAK_TRY(const auto file, directory.open_file(temporary, platform::OpenMode::create_new));
    BATPAK_CHECK(file->write_at(0, bytes));
    BATPAK_CHECK(file->sync_all());
  }
  BATPAK_CHECK(directory.rename(temporary, name));
  return directory.sync_directory(".");
}

Result<void> publish_segment(platform::Directory& directory, platform::File& file, const std::string& temporary,
                             std::uint64_t first_sequence) {
  BATPAK_CHECK(file.sync_all());
  BATPAK_CHECK(directory.rename(temporary, segment::segment_path(first_sequence)));
  return directory.sync_directory("log");
}

Result<std::unique_ptr<platform::File>> allocate_segment(platform::Directory& directory, const std::string& temporary,
                                                         std::uint64_t bytes) {
  BATPAK_CHECK(directory.remove(temporary));
  BATPAK_TRY(auto file, directory.open_file(temporary, platform::OpenMode::create_new));
  const auto allocated = file->allocate(bytes);
  // A file system that cannot reserve space gets a file that grows.
  if (!allocated && allocated.error().code != ErrorCode::unsupported) {
    static_cast<void>(directory.remove(temporary));
    return base::fail(allocated.error());
  }
  return file;
}

segment::SegmentHeader successor_header(const segment::StoreId& store_id, std::uint64_t number, std::uint64_t first_sequence,
                                        const proof::RightEdge& tree, platform::Entropy& entropy) {
  segment::SegmentHeader header;
  header.store_id = store_id;
  header.number = number;
  header.first_sequence = first_sequence;
  entropy.fill(header.salt);
  header.right_edge.assign(tree.hashes().begin(), tree.hashes().end());
  return header;
}

SealedCommit make_seal(const segment::LinkState& link, std::uint64_t session, const segment::LogPoint& durable_through,
                       const segment::SegmentSalt& salt, const proof::RightEdge& tree,
                       const segment::SegmentHeader& successor, std::uint64_t signed_size,
                       std::vector<segment::StoredSignature> signatures) {
  const segment::CommitHeader header = link.next_header(segment::CommitType::seal, session, durable_through);
  segment::Seal seal;
  seal.segment_end = link.end.offset + segment::commit_size(segment::seal_body_bytes, signatures);
  seal.successor = successor.number;
  seal.first_sequence = successor.first_sequence;
  seal.successor_salt = successor.salt;
  segment::CommitBuilder builder;
  builder.begin();
  builder.add_seal(seal);
  SealedCommit sealed;
  sealed.header = builder.finish(
      header,
      {.tree_size = tree.size(), .root = tree.root(), .signed_size = signed_size, .signatures = std::move(signatures)},
      salt);
  sealed.bytes.assign(builder.bytes().begin(), builder.bytes().end());
  return sealed;
}

}  // namespace batpak::recovery
