// Logs whose hashes, links and sums all hold, and which say something that a store does not: about types, about keys, about
// what was erased. Verify finds each.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "batpak/salvage.hpp"
#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/frame_layout.hpp"

namespace batpak::test {
namespace {

TestLog::Event own(EventKind kind, std::string_view entity, Bytes payload) {
  return {
      .entity = std::string(entity), .payload = std::move(payload), .kind = kind, .scope = std::string(event::store_scope)};
}

TestLog::Event declaration(EventKind kind, std::string name, std::uint16_t version = 1) {
  event::TypeDeclaration type;
  type.declares = kind.value();
  type.name = std::move(name);
  type.version = version;
  Bytes payload;
  encode_payload(payload, type).value();
  return own(event::TypeDeclaration::kind, event::TypeDeclaration::entity, std::move(payload));
}

TestLog::Event key_declaration(const PublicKey& key) {
  Bytes payload;
  encode_payload(payload, event::KeyDeclaration{.key = key.bytes(), .recovery_key_hash = {}}).value();
  return own(event::KeyDeclaration::kind, event::KeyDeclaration::entity, std::move(payload));
}

// Every fact of the finding that must be the only one.
void expect_only(const VerifyReport& report, Law law) {
  EXPECT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_TRUE(has(report, law)) << describe(report);
}

// Both ways of opening end, with an error or without.
void open_both_ways(const Files& files) {
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
  ReadOnlyOptions reading;
  reading.file_system = &fs;
  if (const auto store = Store::open_read_only("store", reading)) {
    if (auto events = store->read({.store_events = StoreEvents::include})) {
      for (const Result<EventView>& event : *events) static_cast<void>(event);
    }
  }
  OpenOptions writing;
  writing.file_system = &fs;
  writing.housekeeping = OpenOptions::Housekeeping::by_hand;
  auto store = Store::open("store", writing);
  EXPECT_TRUE(store ? store->close().has_value() : !store.error().message.empty());
}

class OwnEvents : public testing::Test {
 protected:
  VerifyReport verify(VerifyOptions options = {}) {
    open_both_ways(log.files());
    return verify_files(log.files(), std::move(options));
  }

  TestLog log;
};

TEST_F(OwnEvents, of_several_types_are_fine) {
  log.declare_notes();
  log.commit({declaration({0xF, 0x002}, "other")});
  log.commit({declaration({0xF, 0x002}, "other", 2)});
  EXPECT_TRUE(verify().clean()) << describe(verify());
}

TEST(DeclaredNames, that_no_kind_may_have_are_found) {
  for (const std::string_view name : {std::string_view(""), std::string_view("a\nb"), std::string_view("\x1B[31m")}) {
    TestLog log;
    log.commit({declaration({0xF, 0x002}, std::string(name))});
    expect_only(verify_files(log.files()), Law::declaration);
  }
}

TEST(Events, with_names_that_append_refuses_have_not_the_form_of_any) {
  for (const std::string& name :
       {std::string("a\nb"), std::string("a\x1B[31mb"), std::string(1, '\0'), std::string("\xC2\x85")}) {
    for (const bool as_scope : {false, true}) {
      TestLog log;
      log.declare_notes();
      TestLog::Event event{.entity = "door:1", .payload = TestLog::note("x")};
      (as_scope ? event.scope : event.entity) = name;
      log.commit({event});
      log.commit({{.entity = "door:2", .payload = TestLog::note("y")}});
      open_both_ways(log.files());
      const VerifyReport report = verify_files(log.files());
      ASSERT_FALSE(report.clean());
      EXPECT_EQ(report.findings.front().law, Law::frame_form) << describe(report);
    }
  }
}

TEST_F(OwnEvents, that_declare_a_kind_under_a_second_name) {
  log.commit({declaration({0xF, 0x002}, "other")});
  log.commit({declaration({0xF, 0x002}, "another")});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, that_declare_a_name_for_a_second_kind) {
  log.commit({declaration({0xF, 0x002}, "other")});
  log.commit({declaration({0xF, 0x003}, "other")});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, that_declare_the_same_again) {
  log.commit({declaration({0xF, 0x002}, "other")});
  log.commit({declaration({0xF, 0x002}, "other")});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, that_declare_one_of_the_stores_own_kinds) {
  log.commit({declaration({0x0, 0x002}, "mine")});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, that_declare_what_cannot_be_read) {
  log.commit({own(event::TypeDeclaration::kind, event::TypeDeclaration::entity, TestLog::note("no declaration"))});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, of_a_kind_that_is_none) {
  log.commit({own({0x0, 0x777}, "$batpak/other", TestLog::note("?"))});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, that_stand_where_they_do_not_belong) {
  TestLog::Event misplaced = declaration({0xF, 0x002}, "other");
  misplaced.entity = "$batpak/keys";
  log.commit({misplaced});
  expect_only(verify(), Law::declaration);
}

TEST_F(OwnEvents, with_a_second_genesis) {
  log.commit({own(event::Genesis::kind, event::Genesis::entity, log.meta().genesis_payload)});
  EXPECT_TRUE(has(verify(), Law::declaration)) << describe(verify());
}

// Witness: signature_only_after_sync
TEST_F(OwnEvents, with_a_second_key) {
  const auto first = SigningKey::generate().value();
  const auto second = SigningKey::generate().value();
  log.commit({key_declaration(first.public_key())});
  log.commit({key_declaration(second.public_key())});
  EXPECT_TRUE(has(verify(), Law::key_declaration)) << describe(verify());
}

TEST_F(OwnEvents, with_a_key_that_cannot_be_read) {
  log.commit({own(event::KeyDeclaration::kind, event::KeyDeclaration::entity, TestLog::note("no key"))});
  EXPECT_FALSE(verify().clean());
}

TEST_F(OwnEvents, with_another_key_than_the_one_asked_for) {
  const auto first = SigningKey::generate().value();
  const auto second = SigningKey::generate().value();
  log.commit({key_declaration(first.public_key())});
  EXPECT_TRUE(has(verify({.key = second.public_key()}), Law::key_declaration));
}

TEST_F(OwnEvents, with_metadata_that_is_no_map) {
  log.declare_notes();
  Bytes text;
  encode_payload(text, std::string("text")).value();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = text}});
  expect_only(verify(), Law::encoding);
}

TEST_F(OwnEvents, with_metadata_that_is_not_canonical) {
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = Bytes(3, std::byte{0xC1})}});
  expect_only(verify(), Law::encoding);
}

TEST_F(OwnEvents, with_metadata_whose_key_is_a_number) {
  log.declare_notes();
  Bytes numbered;
  encode_payload(numbered, std::map<int, std::string>{{1, "one"}}).value();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = numbered}});
  expect_only(verify(), Law::encoding);
}

TEST_F(OwnEvents, with_metadata_of_many_names_is_fine) {
  log.declare_notes();
  for (const int count : {1, 15, 16, 40}) {
    std::map<std::string, int> names;
    for (int i = 0; i < count; ++i) names[std::string(static_cast<std::size_t>(20 + i), 'n')] = i;
    Bytes metadata;
    encode_payload(metadata, names).value();
    log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = metadata}});
  }
  EXPECT_TRUE(verify().clean()) << describe(verify());
}

// Of each of the store's own kinds there is one form. What has another is found, and not written behind.
class ForeignForm : public testing::Test {
 protected:
  // The same map with another entry, which sorts behind all others.
  static Bytes with_another_entry(Bytes map) {
    map.front() = static_cast<std::byte>(std::to_integer<unsigned>(map.front()) + 1);
    base::append(map, base::as_bytes(std::string_view("\xA2zz\x01")));
    return map;
  }
  static Bytes empty_map() { return {std::byte{0x80}}; }
  static Bytes number() { return {std::byte{0x03}}; }
  template <class T>
  static Bytes encoded(const T& value) {
    Bytes payload;
    encode_payload(payload, value).value();
    return payload;
  }

  template <class T>
  void expect_found(const Bytes& payload, Law law = Law::declaration) {
    TestLog log;
    log.commit({own(T::kind, T::entity, payload)});
    const VerifyReport report = verify_files(log.files());
    ASSERT_FALSE(report.clean()) << T::kind_name;
    EXPECT_EQ(report.findings.front().law, law) << describe(report);
    EXPECT_EQ(report.findings.front().sequence, 1U) << describe(report);
    platform::SimFs fs;
    fs.create_directory("store").value();
    for (const auto& [path, bytes] : log.files()) fs.write_file("store/" + path, bytes).value();
    const auto store = Store::open("store", {.file_system = &fs, .housekeeping = OpenOptions::Housekeeping::by_hand});
    ASSERT_FALSE(store) << T::kind_name;
    EXPECT_EQ(store.error().code, ErrorCode::damaged) << to_string(store.error());
    EXPECT_EQ(store.error().path, "store/" + log.last_path());
    EXPECT_EQ(store.error().sequence, 1U);
  }
  template <class T>
  void expect_only_its_form(const T& value, Law law = Law::declaration) {
    expect_found<T>(with_another_entry(encoded(value)), law);
    expect_found<T>(empty_map(), law);
    expect_found<T>(number(), law);
  }
};

// Witness: canonical_one_form
TEST_F(ForeignForm, of_a_salvage_record) { expect_only_its_form(event::SalvageRecord{}); }

TEST_F(ForeignForm, of_a_restore) {
  const event::Restore restore{.given_up = "example.com/test-log\n9\n" + std::string(43, 'A') + "=\n\n"};
  TestLog log;
  log.commit({own(event::Restore::kind, event::Restore::entity, encoded(restore))});
  EXPECT_TRUE(verify_files(log.files()).clean()) << describe(verify_files(log.files()));
  expect_only_its_form(restore);
  expect_found<event::Restore>(encoded(event::Restore{.given_up = "no checkpoint"}));
}

TEST_F(ForeignForm, of_changes_of_keys) {
  expect_only_its_form(event::KeyDeclaration{}, Law::key_declaration);
  expect_only_its_form(event::KeyRotation{}, Law::key_declaration);
  expect_only_its_form(event::KeyRevocation{}, Law::key_declaration);
}

TEST_F(ForeignForm, of_heads) {
  expect_only_its_form(event::HeadsDeclaration{.log_size = 1, .root = {}, .streams = 1}, Law::heads);
}

// Witness: canonical_one_form
TEST_F(ForeignForm, of_a_type_declaration) {
  event::TypeDeclaration type;
  type.declares = EventKind(0xF, 0x002).value();
  type.name = "other";
  expect_only_its_form(type);
  for (const std::vector<event::TypeDeclaration::Field>& fields :
       {std::vector<event::TypeDeclaration::Field>{{.name = "b", .type = "int"}, {.name = "a", .type = "int"}},
        std::vector<event::TypeDeclaration::Field>{{.name = "a", .type = "int"}, {.name = "a", .type = "string"}}}) {
    type.fields = fields;
    expect_found<event::TypeDeclaration>(encoded(type));
  }
  type.fields = {};
  type.name = "\x1B[31m";
  expect_found<event::TypeDeclaration>(encoded(type));
  type.name = "other";
  type.declares = EventKind(0x0, 0x002).value();
  expect_found<event::TypeDeclaration>(encoded(type));
}

TEST_F(ForeignForm, of_a_type_declarations_fields) {
  struct Named {
    std::string name;
  };
  struct Further {
    std::string name;
    std::string type;
    int zz = 0;
  };
  const auto declare = [](auto field) {
    struct Declaration {
      std::vector<decltype(field)> fields;
      std::uint16_t declares = EventKind(0xF, 0x002).value();
      std::string name = "other";
      std::uint16_t version = 1;
    };
    return encoded(Declaration{.fields = {field}});
  };
  expect_found<event::TypeDeclaration>(declare(Named{.name = "a"}));
  expect_found<event::TypeDeclaration>(declare(Further{.name = "a", .type = "int"}));
}

// Neither the declaration nor the record is copied; the type that is not declared any more is, as one whose declaration was lost.
TEST_F(ForeignForm, is_left_out_by_salvage) {
  event::TypeDeclaration type;
  type.fields = {{.name = "text", .type = "string"}};
  type.declares = note_kind.value();
  type.name = "note";
  TestLog log;
  log.commit({own(event::SalvageRecord::kind, event::SalvageRecord::entity, number())});
  log.commit({own(event::TypeDeclaration::kind, event::TypeDeclaration::entity, with_another_entry(encoded(type)))});
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : log.files()) fs.write_file("store/" + path, bytes).value();
  const auto report = salvage("store", "new", {.file_system = &fs});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->events_lost, 2U);
  EXPECT_EQ(report->events_copied, 1U);
  const VerifyReport verified = verify_directory("new", {.threads = 1, .file_system = &fs}).value();
  EXPECT_TRUE(verified.clean()) << describe(verified);
  EXPECT_TRUE(Store::open("new", {.file_system = &fs, .housekeeping = OpenOptions::Housekeeping::by_hand}));
}

TEST_F(ForeignForm, of_a_genesis_event_that_store_meta_does_not_tell_either) {
  std::vector<SegmentParts> segments = take_apart(TestLog().files());
  Bytes& frame = segments[0].commits[0].frames[0];
  const ByteView payload = event::FrameView::parse(frame).value().payload();
  const auto at = static_cast<std::size_t>(payload.data() - frame.data());
  // "format" becomes another field of the same length. Its hash is left as it was: the payload was changed, and that is said.
  const std::string_view name = "format";
  const auto found = std::ranges::search(std::span(frame).subspan(at), base::as_bytes(name));
  found.front() = std::byte{'F'};
  Files files = put_together(segments, Bytes{});
  files.erase(std::string(event::store_meta_name));
  const VerifyReport report = verify_files(files);
  EXPECT_TRUE(has(report, Law::content_hash)) << describe(report);
  EXPECT_FALSE(has(report, Law::declaration)) << describe(report);
}

// An erased payload or metadata keeps its length and its hash; nothing of version 1 covers that.
class Erased : public testing::Test {
 protected:
  static void erase(Bytes& frame, unsigned state, bool of_metadata) {
    const auto header = base::load_le<std::uint32_t>(frame.data() + event::layout::header_length);
    std::size_t at = 48 + header;
    const auto metadata = base::load_le<std::uint64_t>(frame.data() + at);
    if (!of_metadata) at += 24 + metadata;
    const auto length = base::load_le<std::uint64_t>(frame.data() + at);
    std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at) + 8, 16 + length, std::byte{0});
    base::store_le(frame.data() + event::layout::state, static_cast<std::uint16_t>(state));
  }

  // The log with what `state` says erased in the event that has metadata.
  static Files erased(unsigned state) {
    const Files files = small_log().files();
    std::vector<SegmentParts> segments = take_apart(files);
    Bytes& frame = segments[0].commits[3].frames[0];
    if ((state & 1U) != 0) erase(frame, state, false);
    if ((state & 2U) != 0) erase(frame, state, true);
    return put_together(segments, files.at("store.meta"));
  }
};

TEST_F(Erased, payload_is_a_finding) {
  open_both_ways(erased(1));
  expect_only(verify_files(erased(1)), Law::erased);
}

TEST_F(Erased, metadata_is_a_finding) {
  open_both_ways(erased(2));
  expect_only(verify_files(erased(2)), Law::erased);
}

TEST_F(Erased, declarations_declare_nothing) {
  const auto key = SigningKey::generate().value();
  TestLog log;
  log.declare_notes();
  log.commit({key_declaration(key.public_key())});
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  std::vector<SegmentParts> segments = take_apart(log.files());
  for (const std::size_t commit : {1U, 2U}) {
    Bytes& frame = segments[0].commits[commit].frames[0];
    const ByteView section = event::FrameView::parse(frame).value().payload_section();
    const std::size_t at = static_cast<std::size_t>(section.data() - frame.data()) + event::layout::length_bytes;
    std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at), section.size() - event::layout::length_bytes, std::byte{0});
    base::store_le(frame.data() + event::layout::state, event::layout::state_payload_erased);
  }
  const Files files = put_together(segments, log.files().at("store.meta"));
  open_both_ways(files);
  const VerifyReport report = verify_files(files, {.key = key.public_key()});
  EXPECT_TRUE(has(report, Law::erased)) << describe(report);
  EXPECT_TRUE(has(report, Law::declaration)) << "the event's type is not declared\n" << describe(report);
  EXPECT_TRUE(has(report, Law::key_declaration)) << "no key is declared\n" << describe(report);
  EXPECT_EQ(report.findings.size(), 4U) << describe(report);
}

TEST_F(Erased, both_are_findings) {
  const VerifyReport report = verify_files(erased(3));
  EXPECT_EQ(report.findings.size(), 2U) << describe(report);
}

TEST(EventSignatures, by_another_key_than_the_one_asked_for_are_found) {
  const auto key = SigningKey::generate().value();
  const auto other = SigningKey::generate().value();
  const Files files = small_log({.key = &key, .sign_events = true}).files();
  EXPECT_TRUE(has(verify_files(files, {.key = other.public_key()}), Law::key_declaration));
}

TEST(Law, has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (unsigned law = 0; law <= static_cast<unsigned>(Law::unreadable); ++law) {
    EXPECT_TRUE(names.insert(to_string(static_cast<Law>(law))).second) << law;
  }
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(static_cast<Law>(200)), "unknown");
}

}  // namespace
}  // namespace batpak::test
