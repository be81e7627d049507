// The worked example of docs/FORMAT.md, byte for byte.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/hex.hpp"
#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

struct Field {
  std::size_t size = 0;
  std::string name;
};

// One line for each field: offset, name, bytes.
std::string list(ByteView bytes, std::size_t offset, const std::vector<Field>& fields) {
  std::ostringstream out;
  constexpr std::size_t line_bytes = 32;
  for (const Field& field : fields) {
    for (std::size_t at = 0; at < field.size; at += line_bytes) {
      const std::size_t size = std::min(line_bytes, field.size - at);
      std::string name = at == 0 ? field.name : "";
      name.resize(24, ' ');
      std::string place = std::to_string(offset + at);
      place.resize(6, ' ');
      out << place << name << base::to_hex(bytes.subspan(offset + at, size)) << "\n";
    }
    offset += field.size;
  }
  return out.str();
}

std::string example() {
  const TestLog log;
  const Files files = log.files();
  const Bytes& meta = files.at("store.meta");
  const std::size_t payload = log.meta().genesis_payload.size();
  std::string text = "store.meta\n";
  text += list(meta, 0,
               {{4, "CRC"}, {4, "length"}, {8, "magic"}, {4, "format version"}, {4, "n"}, {payload, "genesis payload"}});
  const Bytes& segment = files.at(segment::segment_path(0));
  text += "\nlog/00000000000000000000.seg\n";
  text += list(segment, 0,
               {{4, "CRC"},
                {4, "length"},
                {8, "magic"},
                {4, "format version"},
                {4, "n"},
                {16, "store id"},
                {8, "number"},
                {8, "first sequence"},
                {16, "salt"}});
  const std::size_t frame_size = base::align_up(48 + 184 + 24 + payload, 8);
  const std::vector<Field> commit{{4, "header CRC"},
                                  {4, "commit CRC"},
                                  {4, "magic"},
                                  {4, "type"},
                                  {8, "segment"},
                                  {8, "offset"},
                                  {8, "first sequence"},
                                  {4, "count"},
                                  {4, "length"},
                                  {8, "session"},
                                  {24, "durable-through"},
                                  {4, "previous CRC"},
                                  {4, "zero"},
                                  {4, "frame: CRC"},
                                  {4, "frame: length"},
                                  {2, "frame: type"},
                                  {2, "frame: state"},
                                  {4, "frame: H"},
                                  {32, "frame: event hash"},
                                  {4, "presence"},
                                  {2, "kind"},
                                  {2, "payload version"},
                                  {2, "payload encoding"},
                                  {2, "E"},
                                  {2, "C"},
                                  {2, "X"},
                                  {4, "lane"},
                                  {4, "index in batch"},
                                  {4, "batch size"},
                                  {4, "zero"},
                                  {32, "content hash"},
                                  {13, "entity"},
                                  {7, "scope"},
                                  {4, "zero"},
                                  {8, "sequence"},
                                  {8, "stream version"},
                                  {8, "time"},
                                  {8, "wall clock"},
                                  {4, "time counter"},
                                  {4, "zero"},
                                  {16, "event id"},
                                  {8, "previous sequence"},
                                  {32, "previous hash"},
                                  {8, "payload: P"},
                                  {16, "payload: salt"},
                                  {payload, "payload"},
                                  {frame_size - 48 - 184 - 24 - payload, "zero"},
                                  {8, "tree size"},
                                  {32, "root"},
                                  {8, "signed size"},
                                  {4, "L"},
                                  {4, "zero"},
                                  {4, "zero"},
                                  {4, "length"}};
  std::size_t size = 0;
  for (const Field& field : commit) size += field.size;
  EXPECT_EQ(4096 + size, segment.size());
  return text + list(segment, 4096, commit);
}

// Witness: format_is_as_documented
TEST(FormatExample, is_what_the_document_shows) {
  const auto document_path = std::filesystem::path(__FILE__).parent_path() / "../../docs/FORMAT.md";
  std::ifstream file(document_path);
  std::stringstream document;
  document << file.rdbuf();
  const std::string expected = example();
  EXPECT_NE(document.str().find(expected), std::string::npos) << "docs/FORMAT.md must contain:\n" << expected;
}

}  // namespace
}  // namespace batpak::test
