// Signatures in a log that are not only its own: of witnesses, of other sizes, under the name written out.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class Witnessed : public testing::Test {
 protected:
  using List = std::vector<segment::StoredSignature>;

  // The signatures at the end of a commit, and the end with others in their place.
  static List list_of(const CommitParts& commit) {
    const std::size_t body = commit.is_seal() ? 40 : 0;
    List list;
    const ByteView end = ByteView(commit.rest).subspan(body);
    ByteView rest = end.subspan(56, base::load_le<std::uint32_t>(end.data() + 48));
    while (!rest.empty()) {
      const std::size_t name = base::load_le<std::uint16_t>(rest.data());
      const std::size_t size = base::load_le<std::uint16_t>(rest.data() + 2);
      const ByteView signature = rest.subspan(4 + name, size);
      list.push_back({.name = std::string(base::as_text(rest.subspan(4, name))),
                      .signature = Bytes(signature.begin(), signature.end())});
      rest = rest.subspan(4 + name + size);
    }
    return list;
  }
  static void set_list(CommitParts& commit, const List& list) {
    const std::ptrdiff_t body = commit.is_seal() ? 40 : 0;
    Bytes rest(commit.rest.begin(), commit.rest.begin() + body + 48);
    Bytes bytes;
    for (const segment::StoredSignature& signature : list) {
      base::append_le(bytes, static_cast<std::uint16_t>(signature.name.size()));
      base::append_le(bytes, static_cast<std::uint16_t>(signature.signature.size()));
      base::append(bytes, base::as_bytes(signature.name));
      base::append(bytes, signature.signature);
    }
    base::append_le(rest, static_cast<std::uint32_t>(bytes.size()));
    base::append_le<std::uint32_t>(rest, 0);
    base::append(rest, bytes);
    rest.resize(base::align_up(rest.size() - static_cast<std::size_t>(body), 8) + static_cast<std::size_t>(body) + 8);
    commit.rest = std::move(rest);
  }

  [[nodiscard]] VerifyReport verify() const { return verify_files(forged(), {.key = key.public_key()}); }
  [[nodiscard]] Files forged() const { return put_together(segments, files.at("store.meta")); }
  [[nodiscard]] CommitParts& storing() { return segments[2].commits[2]; }

  SigningKey key = SigningKey::generate().value();
  // With a mark at the end that says that the one before it is durable.
  Files files = [this] {
    TestLog log = small_log({.key = &key, .sign_events = false});
    log.idle_mark();
    return log.files();
  }();
  std::vector<SegmentParts> segments = take_apart(files);
};

TEST_F(Witnessed, by_others_beside_its_own_key_is_clean_and_readers_get_all_signatures) {
  List list = list_of(storing());
  list.insert(list.begin(), {.name = "witness.example/w1", .signature = Bytes(76, std::byte{0x31})});
  set_list(storing(), list);
  EXPECT_TRUE(verify().clean()) << describe(verify());
  platform::SimFs disk;
  disk.create_directory("store").value();
  for (const auto& [path, bytes] : forged()) disk.write_file("store/" + path, bytes).value();
  const auto store = Store::open_read_only("store", {.undurable = {}, .file_system = &disk});
  ASSERT_TRUE(store) << to_string(store.error());
  const auto note = store->checkpoint();
  ASSERT_TRUE(note) << to_string(note.error());
  ASSERT_EQ(note->signatures.size(), 2U);
  EXPECT_EQ(note->signatures[0].name, "witness.example/w1");
  EXPECT_EQ(note->signatures[1].name, "example.com/test-log");
  EXPECT_TRUE(verify_note(*note, key.public_key()));
}

TEST_F(Witnessed, under_its_own_name_written_out_is_clean) {
  List list = list_of(storing());
  list[0].name = "example.com/test-log";
  set_list(storing(), list);
  EXPECT_TRUE(verify().clean()) << describe(verify());
}

// Witness: signatures_are_verified
TEST_F(Witnessed, by_others_only_is_not_signed_by_the_key_that_was_asked_for) {
  List list = list_of(storing());
  list[0].name = "witness.example/w1";
  set_list(storing(), list);
  EXPECT_TRUE(has(verify(), Law::key_declaration)) << describe(verify());
}

// Witness: signatures_are_verified
TEST_F(Witnessed, with_a_size_at_which_no_commit_ends_is_found) {
  for (const std::uint64_t size : {5ULL, 11ULL, 1ULL << 40U}) {
    segments = take_apart(files);
    base::store_le(storing().rest.data() + 40, size);
    EXPECT_TRUE(has(verify(), Law::checkpoint_signature)) << size << describe(verify());
  }
  // In the middle of a batch.
  segments = take_apart(files);
  base::store_le<std::uint64_t>(segments[1].commits[1].rest.data() + 40, 5);
  EXPECT_TRUE(has(verify(), Law::checkpoint_signature)) << describe(verify());
}

// Witness: signature_only_after_sync
TEST_F(Witnessed, before_its_key_is_declared_is_found_for_events_too) {
  Files signed_files = small_log({.key = &key, .sign_events = true}).files();
  std::vector<SegmentParts> unsigned_parts = take_apart(small_log().files());
  const std::vector<SegmentParts> signed_parts = take_apart(signed_files);
  unsigned_parts[0].commits[2].frames = signed_parts[0].commits[2].frames;
  const VerifyReport report =
      verify_files(put_together(unsigned_parts, small_log().files().at("store.meta")), {.key = key.public_key()});
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.law == Law::key_declaration && finding.message.contains("before any key");
  })) << describe(report);
}

}  // namespace
}  // namespace batpak::test
