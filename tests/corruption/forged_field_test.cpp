// Every field of a log set to other values, and then every CRC and every link between commits mended: verify finds it, and
// whoever opens the store refuses it or shows nothing that was not there.
#include <gtest/gtest.h>

#include <set>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

// Where a commit stands, so that it can be found again when its own words about that are changed.
struct Place {
  std::string path;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::vector<std::pair<std::size_t, std::size_t>> frames = {};  // from the start of the commit: offset and length
};

std::vector<Place> places_of(const Files& files) {
  std::vector<Place> places;
  for (const SegmentParts& segment : take_apart(files)) {
    const Bytes& bytes = files.at(segment.path);
    const auto header = segment::SegmentHeader::decode(bytes).value();
    segment::CommitWalker walker(bytes, header);
    for (const CommitParts& commit : segment.commits) {
      const auto step = walker.next();
      Place place{.path = segment.path, .offset = step.commit->header.offset, .length = step.commit->bytes.size()};
      std::size_t at = segment::commit_header_bytes;
      for (const Bytes& frame : commit.frames) {
        place.frames.emplace_back(at, frame.size());
        at += frame.size();
      }
      places.push_back(std::move(place));
    }
  }
  return places;
}

class ForgedField : public testing::Test {
 protected:
  explicit ForgedField(Files files) : files_(std::move(files)), places_(places_of(files_)) {
    EXPECT_EQ(mended(files_), files_) << "mending changes nothing in a log that is whole";
    put(files_);
    shown_ = shown_to_reader();
    EXPECT_GT(shown_.size(), 5U);
  }

  // As a careful forger leaves it: every CRC right, and each commit naming the one before it.
  [[nodiscard]] Files mended(Files files) const {
    std::uint32_t previous_crc = 0;
    for (const Place& place : places_) {
      Bytes& segment = files.at(place.path);
      base::store_le(segment.data(), base::crc32c(ByteView(segment).subspan(4, segment::segment_header_bytes - 4)));
      const std::uint32_t salt = base::crc32c(ByteView(segment).subspan(56, 16));
      const std::span<std::byte> commit = std::span(segment).subspan(place.offset, place.length);
      for (const auto& [offset, length] : place.frames) {
        const std::span<std::byte> frame = commit.subspan(offset, length);
        base::store_le(frame.data(), base::crc32c(ByteView(frame).subspan(4)));
      }
      base::store_le(commit.data() + 80, previous_crc);
      base::store_le(commit.data() + 4, base::crc32c(ByteView(commit).subspan(8), salt));
      base::store_le(commit.data(), base::crc32c(ByteView(commit).subspan(4, segment::commit_header_bytes - 4), salt));
      previous_crc = base::load_le<std::uint32_t>(commit.data() + 4);
    }
    return files;
  }

  void put(const Files& files) {
    disk_ = std::make_unique<platform::SimFs>();
    disk_->create_directory("store").value();
    for (const auto& [path, bytes] : files) disk_->write_file("store/" + path, bytes).value();
  }

  // Each event that a store shows: its sequence and its bytes.
  static std::set<std::pair<std::uint64_t, Bytes>> shown_by(const Store& store) {
    std::set<std::pair<std::uint64_t, Bytes>> shown;
    auto events = store.read();
    if (!events) return shown;
    for (const Result<EventView>& event : *events) {
      if (event) shown.emplace(event->sequence(), Bytes(event->payload().begin(), event->payload().end()));
    }
    return shown;
  }

  [[nodiscard]] std::set<std::pair<std::uint64_t, Bytes>> shown_to_reader() const {
    ReadOnlyOptions reading;
    reading.file_system = disk_.get();
    const auto store = Store::open_read_only("store", reading);
    return store ? shown_by(*store) : decltype(shown_by(*store)){};
  }

  // Sets the field and looks at the log from all sides; says whether verify found something.
  bool is_found(const std::string& path, std::size_t offset, ByteView value) {
    Files forged = files_;
    std::copy(value.begin(), value.end(), forged.at(path).begin() + static_cast<std::ptrdiff_t>(offset));
    if (forged == files_) return true;
    forged = mended(std::move(forged));
    if (forged == files_) return true;  // a CRC, or a link to a commit
    put(forged);
    const auto report = verify_directory("store", {.key = {}, .threads = 1, .file_system = disk_.get()});
    static_cast<void>(shown_to_reader());
    OpenOptions writing;
    writing.file_system = disk_.get();
    writing.housekeeping = OpenOptions::Housekeeping::by_hand;
    if (auto store = Store::open("store", writing)) {
      static_cast<void>(shown_by(*store));
      EXPECT_TRUE(store->close());
    } else {
      EXPECT_FALSE(store.error().message.empty());
    }
    // Without store.meta the genesis event says who the store is.
    if (path == places_.front().path && offset < places_.front().offset + places_.front().length) {
      put(forged);
      disk_->remove_file("store/store.meta").value();
      static_cast<void>(shown_to_reader());
      static_cast<void>(verify_directory("store", {.key = {}, .threads = 1, .file_system = disk_.get()}));
      writing.file_system = disk_.get();
      EXPECT_FALSE(Store::open("store", writing));
    }
    return !report || !report->clean();
  }

  // The same for a field of `size` bytes set to several values.
  template <class T>
  void try_field(const std::string& path, std::size_t offset, bool must_be_found) {
    const T now = base::load_le<T>(files_.at(path).data() + offset);
    // By turns, so that the whole takes no longer than it should; every kind of field is met many times.
    const std::array<T, 4> values{static_cast<T>(now + 1), static_cast<T>(now - 1), T{0}, static_cast<T>(~T{0})};
    for (std::size_t i = 0; i < 2; ++i) {
      const T value = values[(turn_++ + i) % values.size()];
      Bytes bytes(sizeof(T));
      base::store_le(bytes.data(), value);
      const bool found = is_found(path, offset, bytes);
      EXPECT_TRUE(found || !must_be_found) << path << " offset " << offset << " set to " << value;
    }
  }

  void try_all() {
    std::set<std::string> headers;
    for (const Place& place : places_) {
      // What a segment's header says, but for its salt, which every CRC begins with.
      if (headers.insert(place.path).second) {
        for (std::size_t at = 8; at < 56; at += 4) try_field<std::uint32_t>(place.path, at, true);
        for (std::size_t at = 72; at < 144; at += 8) try_field<std::uint64_t>(place.path, at, true);
      }
      for (std::size_t at = 8; at < segment::commit_header_bytes; at += 4) {
        // Session and durable-through cannot be recomputed; verify checks them for sense.
        try_field<std::uint32_t>(place.path, place.offset + at, at < 48 || at >= 84);
      }
      std::size_t body_end = segment::commit_header_bytes;
      for (const auto& [offset, length] : place.frames) {
        for (std::size_t at = 4; at < length; at += 4)
          try_field<std::uint32_t>(place.path, place.offset + offset + at, true);
        for (std::size_t at = 8; at < 96; at += 2) try_field<std::uint16_t>(place.path, place.offset + offset + at, true);
        body_end = offset + length;
      }
      // A stored signature is judged with the key only.
      for (std::size_t at = body_end; at + 4 <= place.length; at += 4) {
        try_field<std::uint32_t>(place.path, place.offset + at, !signed_);
      }
    }
  }

  Files files_;
  std::vector<Place> places_;
  std::unique_ptr<platform::SimFs> disk_;
  std::set<std::pair<std::uint64_t, Bytes>> shown_;
  std::size_t turn_ = 0;
  bool signed_ = false;
};

class PlainForgedField : public ForgedField {
 protected:
  PlainForgedField() : ForgedField(small_log().files()) {}
};

// Witness: decoder_stays_in_bounds
TEST_F(PlainForgedField, is_found_whatever_its_value) { try_all(); }

class SignedForgedField : public ForgedField {
 protected:
  SignedForgedField() : ForgedField(small_log({.key = &key(), .sign_events = true}).files()) { signed_ = true; }

  static const SigningKey& key() {
    static const SigningKey key = SigningKey::generate().value();
    return key;
  }
};

// Witness: decoder_stays_in_bounds
TEST_F(SignedForgedField, of_a_commits_end_is_found_or_harmless) {
  for (const Place& place : places_) {
    const std::size_t body = place.frames.empty() ? 0 : place.frames.back().first + place.frames.back().second;
    const std::size_t from = std::max(body, segment::commit_header_bytes);
    for (std::size_t at = from; at + 2 <= place.length; at += 2) {
      try_field<std::uint16_t>(place.path, place.offset + at, false);
    }
  }
}

}  // namespace
}  // namespace batpak::test
