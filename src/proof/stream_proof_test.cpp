#include "batpak/stream_proof.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/bytes.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "proof/checkpoint.hpp"
#include "proof/heads_tree.hpp"
#include "proof/merkle.hpp"

namespace batpak {
namespace {

constexpr std::string_view origin = "example.com/log";

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// The event hashes of a small log.
class Leaves : public proof::TreeNodes {
 public:
  explicit Leaves(const std::vector<EventRecord>& events) : events_(events) {}
  Result<Hash> node(unsigned level, std::uint64_t index) const override {
    if (level == 0) return proof::leaf_hash(events_[index].event_hash);
    return proof::node_hash(*node(level - 1, 2 * index), *node(level - 1, 2 * index + 1));
  }

 private:
  const std::vector<EventRecord>& events_;
};

// A log that is made by hand, so that its owner may lie.
class StreamProofTest : public testing::Test {
 protected:
  using Stream = std::pair<std::string, std::uint32_t>;
  struct Event {
    std::string entity;
    std::uint32_t lane = 0;
    std::optional<std::uint64_t> branches_from = {};  // its place in the log
    std::string payload = "opened";
    EventKind kind{0xF, 1};
    std::string scope = {};  // empty: the usual one
    std::uint16_t payload_version = 1;
  };

  void add(const Event& made) {
    event::DraftFields fields;
    fields.entity = made.entity;
    const bool is_own = made.entity.starts_with("$batpak/");
    fields.scope = !made.scope.empty() ? std::string_view(made.scope) : is_own ? event::store_scope : "building:a";
    fields.payload_version = made.payload_version;
    fields.kind = made.kind;
    fields.lane = made.lane;
    event::DraftFrame draft = event::DraftFrame::begin(fields, {});
    base::append(draft.payload_buffer(), base::as_bytes(made.payload));
    draft.finish({}).value();
    std::vector<std::uint64_t>& stream = streams_[{made.entity, made.lane}];
    event::ChainFields chain;
    chain.sequence = log_.size();
    chain.stream_version = stream.size();
    chain.time.microseconds = 1'700'000'000'000'000 + static_cast<std::int64_t>(log_.size());
    const std::uint64_t previous = !stream.empty() ? stream.back() : made.branches_from.value_or(0);
    chain.previous_sequence = previous;
    if (!log_.empty()) chain.previous_hash = log_[previous].event_hash;
    change_chain_(chain);
    Bytes bytes(draft.frame_size());
    EventRecord record;
    record.event_hash = draft.complete(chain, bytes);
    const auto frame = event::FrameView::parse(bytes).value();
    record.header = copy(frame.header().bytes());
    record.payload = copy(frame.payload_section());
    stream.push_back(log_.size());
    log_.push_back(record);
  }
  void add(std::string_view entity, int times = 1) {
    for (int i = 0; i < times; ++i) add(Event{.entity = std::string(entity)});
  }

  // What the declaration says is a part of the log up to `log_size`, but for what `lie` makes of it.
  template <class Lie>
  void declare(Lie lie) {
    heads_.clear();
    const std::uint64_t log_size = log_.size();
    for (const auto& [stream, sequences] : streams_) {
      heads_.push_back({.entity = stream.first,
                        .lane = stream.second,
                        .events = sequences.size(),
                        .hash = log_[sequences.back()].event_hash});
    }
    event::HeadsDeclaration declaration{.log_size = log_size, .root = {}, .streams = 0};
    lie(declaration, heads_);
    tree_.emplace(heads_);
    declaration.root = tree_->root().bytes;
    if (declaration.streams == 0) declaration.streams = heads_.size();
    Bytes payload;
    encode_payload(payload, declaration).value();
    add({.entity = std::string(event::HeadsDeclaration::entity),
         .payload = std::string(base::as_text(payload)),
         .kind = event::HeadsDeclaration::kind});
    declared_at_ = log_.size() - 1;
    log_size_ = log_size;
  }
  void declare() {
    declare([](auto&, auto&) {});
  }

  [[nodiscard]] OfflineReceipt receipt_of(std::uint64_t sequence) const {
    OfflineReceipt receipt;
    static_cast<EventRecord&>(receipt) = log_[sequence];
    const Leaves leaves(log_);
    receipt.inclusion = proof::prove_inclusion(leaves, sequence, log_.size()).value();
    receipt.note.checkpoint = {
        .origin = std::string(origin), .size = log_.size(), .root = proof::root_at(leaves, log_.size()).value()};
    receipt.note.text = note_body(receipt.note.checkpoint);
    receipt.note.signatures = {proof::sign_checkpoint(receipt.note.checkpoint, key_).value()};
    return receipt;
  }
  [[nodiscard]] StreamProof::Leaf leaf(std::uint64_t index) const {
    return {.index = index,
            .data = proof::encode_head(heads_[index]),
            .path = proof::prove_inclusion(*tree_, index, tree_->size()).value().path};
  }
  [[nodiscard]] StreamProof prove(std::string_view entity) const {
    StreamProof proof;
    proof.entity = entity;
    const auto own = std::ranges::equal_range(heads_, entity, {}, &proof::DeclaredHead::entity);
    const auto begin = static_cast<std::uint64_t>(own.begin() - heads_.begin());
    const auto end = static_cast<std::uint64_t>(own.end() - heads_.begin());
    for (std::uint64_t i = begin == 0 ? 0 : begin - 1; i < std::min(end + 1, tree_->size()); ++i) {
      proof.leaves.push_back(leaf(i));
    }
    for (std::uint64_t i = begin; i < end; ++i) {
      for (const std::uint64_t sequence : streams_.at({std::string(heads_[i].entity), heads_[i].lane})) {
        if (sequence < log_size_) proof.events.push_back(log_[sequence]);
      }
    }
    proof.declaration = receipt_of(declared_at_);
    return proof;
  }
  [[nodiscard]] VerifierKey verifier() const { return VerifierKey::make(origin, key_.public_key()).value(); }
  [[nodiscard]] std::string fault_of(const StreamProof& proof) const {
    const auto proven = verify_stream_proof(proof, verifier());
    if (!proven && proven.error().message.empty()) return "no message";
    return proven ? "none" : std::string(to_string(proven.error().fault));
  }
  // Of the proof for door:2 in a log of three doors.
  template <class Change>
  [[nodiscard]] std::string fault_when(Change change) const {
    StreamProof proof = prove("door:2");
    change(proof);
    return fault_of(proof);
  }

  void SetUp() override {
    add("$batpak/store");
    add("door:1", 2);
    add("door:2", 3);
    add("door:3");
  }

  SigningKey key_ = SigningKey::generate().value();
  std::vector<EventRecord> log_;
  std::map<Stream, std::vector<std::uint64_t>> streams_;
  std::vector<proof::DeclaredHead> heads_;
  std::optional<proof::HeadsTree> tree_;
  std::uint64_t declared_at_ = 0;
  std::uint64_t log_size_ = 0;
  std::function<void(event::ChainFields&)> change_chain_ = [](event::ChainFields&) {};
};

TEST_F(StreamProofTest, comes_back_from_its_text_and_says_what_it_proves) {
  declare();
  add("door:2", 2);
  const StreamProof proof = prove("door:2");
  const std::string text = format_stream_proof(proof);
  EXPECT_TRUE(is_stream_proof(text));
  EXPECT_FALSE(is_stream_proof(format_offline_receipt(proof.declaration)));
  const auto parsed = parse_stream_proof(text);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, proof);
  const auto proven = verify_stream_proof(*parsed, verifier());
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_EQ(proven->entity, "door:2");
  EXPECT_EQ(proven->log_size, 7U);
  EXPECT_EQ(proven->streams, 4U);
  ASSERT_EQ(proven->lanes.size(), 1U);
  EXPECT_EQ(proven->lanes[0].events, 3U);
  EXPECT_EQ(proven->lanes[0].head, log_[5].event_hash);
  ASSERT_EQ(proven->events.size(), 3U);
  EXPECT_EQ(proven->events[2].sequence, 5U);
  EXPECT_EQ(base::as_text(*proven->events[2].payload), "opened");
  EXPECT_EQ(proven->declaration.sequence, 7U);
  EXPECT_EQ(proven->declaration.checkpoint.size, 10U);
}

// Witness: nothing_left_out_is_provable
TEST_F(StreamProofTest, shows_all_events_of_each_entity_and_the_absence_of_every_other_one) {
  add({.entity = "door:2", .lane = 5, .branches_from = 4});
  add("door", 2);  // a prefix of others
  add("door:22", 1);
  declare();
  for (const char* entity : {"door:1", "door:2", "door:3", "door", "door:22", "$batpak/store"}) {
    const auto proven = verify_stream_proof(prove(entity), verifier());
    ASSERT_TRUE(proven) << entity << ": " << proven.error().message;
    std::size_t events = 0;
    for (const auto& [stream, sequences] : streams_) events += stream.first == entity ? sequences.size() : 0;
    EXPECT_EQ(proven->events.size(), events) << entity;
    EXPECT_EQ(proven->lanes.size(), std::string_view(entity) == "door:2" ? 2U : 1U);
  }
  // Before the first stream, between any two, behind the last, and beside prefixes.
  for (const char* entity : {"!", "$batpak/keys", "a", "doo", "door:", "door:0", "door:20", "door:4", "z", "\xC3\xA4"}) {
    const auto proven = verify_stream_proof(prove(entity), verifier());
    ASSERT_TRUE(proven) << entity << ": " << proven.error().message;
    EXPECT_TRUE(proven->lanes.empty() && proven->events.empty()) << entity;
    EXPECT_EQ(proven->entity, entity);
  }
}

TEST_F(StreamProofTest, of_a_log_of_one_stream_has_no_neighbours) {
  log_.clear();
  streams_.clear();
  add("$batpak/store");
  declare();
  EXPECT_EQ(prove("$batpak/store").leaves.size(), 1U);
  EXPECT_EQ(fault_of(prove("$batpak/store")), "none");
  EXPECT_EQ(fault_of(prove("a")), "none");
  EXPECT_EQ(fault_of(prove("!")), "none");
}

TEST_F(StreamProofTest, shows_payloads_or_not) {
  declare();
  StreamProof proof = prove("door:2");
  proof.events[1].payload.clear();
  const auto proven = verify_stream_proof(proof, verifier());
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_TRUE(proven->events[0].payload);
  EXPECT_FALSE(proven->events[1].payload);
}

TEST_F(StreamProofTest, says_why_the_declaration_is_not_believed) {
  declare();
  StreamProof proof = prove("door:2");
  proof.declaration.note.signatures[0].signature[3] ^= std::byte{1};
  const auto refused = verify_stream_proof(proof, verifier());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, StreamProofFault::refused_declaration);
  EXPECT_EQ(refused.error().receipt_fault, ReceiptFault::bad_signature);
  EXPECT_EQ(fault_when([](auto& p) { p.declaration.payload.clear(); }), "no_declaration");
  EXPECT_EQ(fault_when([&](auto& p) { p.declaration = receipt_of(3); }), "no_declaration");
}

TEST_F(StreamProofTest, refuses_a_declaration_that_may_not_stand_where_it_stands) {
  const auto fault = [&](std::uint64_t log_size) {
    declare([&](auto& declaration, auto&) { declaration.log_size = log_size; });
    return fault_of(prove("door:2"));
  };
  EXPECT_EQ(fault(0), "malformed_declaration");
  EXPECT_EQ(fault(log_.size() + 1), "malformed_declaration");
  EXPECT_EQ(fault(log_.size()), "none") << "all that is before it";
  // Each stream has an event.
  declare([](auto& declaration, auto&) { declaration.streams = declaration.log_size + 1; });
  EXPECT_EQ(fault_of(prove("door:2")), "malformed_declaration");
  EXPECT_FALSE((event::HeadsDeclaration{.log_size = 7, .root = {}, .streams = 8}.may_stand_at(7)));
  EXPECT_FALSE((event::HeadsDeclaration{.log_size = 7, .root = {}, .streams = 0}.may_stand_at(7)));
  event::HeadsDeclaration far{.log_size = 7, .root = {}, .streams = 1};
  EXPECT_TRUE(far.may_stand_at(7 + (1U << 20)));
  EXPECT_FALSE(far.may_stand_at(8 + (1U << 20)));
}

TEST_F(StreamProofTest, refuses_a_declaration_in_another_place_than_its_own) {
  const auto fault_of_declaration = [&](auto change) {
    declare();
    Bytes payload;
    encode_payload(payload,
                   event::HeadsDeclaration{.log_size = log_size_, .root = tree_->root().bytes, .streams = heads_.size()})
        .value();
    Event event{.entity = std::string(event::HeadsDeclaration::entity),
                .payload = std::string(base::as_text(payload)),
                .kind = event::HeadsDeclaration::kind};
    change(event);
    add(event);
    declared_at_ = log_.size() - 1;
    return fault_of(prove("door:2"));
  };
  EXPECT_EQ(fault_of_declaration([](Event&) {}), "none");
  EXPECT_EQ(fault_of_declaration([](Event& event) { event.scope = "x"; }), "no_declaration");
  EXPECT_EQ(fault_of_declaration([](Event& event) { event.lane = 1; }), "no_declaration");
  EXPECT_EQ(fault_of_declaration([](Event& event) { event.payload_version = 2; }), "no_declaration");
  EXPECT_EQ(fault_of_declaration([](Event& event) { event.entity = "heads"; }), "no_declaration");
  EXPECT_EQ(fault_of_declaration([](Event& event) { event.kind = EventKind(0x1, 5); }), "no_declaration");
  change_chain_ = [](event::ChainFields& chain) { chain.previous_sequence = 0; };
  EXPECT_EQ(fault_of_declaration([](Event&) {}), "malformed_declaration") << "not the first, and follows the genesis event";
  change_chain_ = [](event::ChainFields& chain) { chain.previous_sequence = chain.sequence; };
  EXPECT_EQ(fault_of_declaration([](Event&) {}), "malformed_declaration");
  change_chain_ = [](event::ChainFields& chain) { chain.stream_version = chain.sequence; };
  EXPECT_EQ(fault_of_declaration([](Event&) {}), "malformed_declaration");
}

TEST_F(StreamProofTest, refuses_a_declaration_in_another_form) {
  declare();
  Bytes payload;
  encode_payload(payload, event::HeadsDeclaration{.log_size = 7, .root = tree_->root().bytes, .streams = 4}).value();
  payload[0] = std::byte{0x84};
  base::append(payload, base::as_bytes("\xA1z\x01"));  // a field more
  add({.entity = std::string(event::HeadsDeclaration::entity),
       .payload = std::string(base::as_text(payload)),
       .kind = event::HeadsDeclaration::kind});
  declared_at_ = log_.size() - 1;
  EXPECT_EQ(fault_of(prove("door:2")), "malformed_declaration");
}

TEST_F(StreamProofTest, says_of_each_fault_of_the_leaves_which_it_is) {
  declare();
  EXPECT_EQ(fault_when([](auto&) {}), "none");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[0].data[0] ^= std::byte{1}; }), "malformed_leaf");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[2].index = 4; }), "leaf_beyond_tree");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[1].path.pop_back(); }), "wrong_path");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[1].path.push_back(Hash{}); }), "wrong_path");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[1].path[0].bytes[5] ^= std::byte{1}; }), "wrong_root");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[1].data[16] ^= std::byte{1}; }), "wrong_root") << "fewer events";
  EXPECT_EQ(fault_when([](auto& p) { p.leaves[1].index = 1; }), "wrong_root");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves.erase(p.leaves.begin() + 1); }), "not_neighbours")
      << "as if the entity had none";
  EXPECT_EQ(fault_when([](auto& p) { std::swap(p.leaves[0], p.leaves[1]); }), "not_neighbours");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves.erase(p.leaves.begin()); }), "missing_neighbour");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves.pop_back(); }), "missing_neighbour");
  EXPECT_EQ(fault_when([](auto& p) { p.leaves.clear(); }), "missing_neighbour");
  EXPECT_EQ(fault_when([&](auto& p) { p.leaves.insert(p.leaves.begin(), leaf(0)); }), "needless_leaf");
  EXPECT_EQ(fault_when([](auto& p) { p.entity = "door:3"; }), "needless_leaf");
  EXPECT_EQ(fault_when([](auto& p) { p.entity = "door:4"; }), "needless_leaf");
}

TEST_F(StreamProofTest, refuses_an_absence_that_an_event_stands_in_the_way_of) {
  declare();
  StreamProof proof = prove("door:25");
  EXPECT_EQ(fault_of(proof), "none");
  proof.entity = "door:2";
  EXPECT_EQ(fault_of(proof), "missing_neighbour");
}

TEST_F(StreamProofTest, refuses_a_declared_tree_in_another_order) {
  declare([](auto&, auto& heads) { std::swap(heads[1], heads[2]); });
  StreamProof proof = prove("door:1");
  proof.leaves = {leaf(0), leaf(1), leaf(2)};
  EXPECT_EQ(fault_of(proof), "wrong_order");
}

TEST_F(StreamProofTest, says_of_each_fault_of_the_events_which_it_is) {
  declare();
  EXPECT_EQ(fault_when([](auto& p) { p.events.pop_back(); }), "missing_event");
  EXPECT_EQ(fault_when([](auto& p) { p.events.erase(p.events.begin() + 1); }), "missing_event");
  EXPECT_EQ(fault_when([](auto& p) { p.events.clear(); }), "missing_event");
  EXPECT_EQ(fault_when([](auto& p) { p.events.push_back(p.events[0]); }), "needless_event");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].header[3] = std::byte{0x80}; }), "newer_format");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].header[40] ^= std::byte{1}; }), "fields_changed");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].header.pop_back(); }), "fields_changed");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].event_hash.bytes[0] ^= std::byte{1}; }), "fields_changed");
  EXPECT_EQ(fault_when([&](auto& p) { p.events[1] = log_[2]; }), "wrong_stream");
  EXPECT_EQ(fault_when([](auto& p) { std::swap(p.events[0], p.events[1]); }), "wrong_version");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1] = p.events[0]; }), "wrong_version");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].payload.back() ^= std::byte{1}; }), "payload_changed");
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].payload[10] ^= std::byte{1}; }), "payload_changed") << "its salt";
  EXPECT_EQ(fault_when([](auto& p) { p.events[1].metadata = p.events[1].payload; }), "metadata_changed");
}

TEST_F(StreamProofTest, of_an_event_that_was_left_out_of_the_chain_is_refused) {
  // The owner declares the event before the last one as the head, and shows two events of three.
  declare([&](auto&, auto& heads) { heads[2] = {.entity = "door:2", .lane = 0, .events = 2, .hash = log_[4].event_hash}; });
  StreamProof proof = prove("door:2");
  proof.events.pop_back();
  EXPECT_EQ(fault_of(proof), "none") << "this lie only a reader of the log can find";
  // Or the last one as the second.
  declare([&](auto&, auto& heads) { heads[3] = {.entity = "door:2", .lane = 0, .events = 2, .hash = log_[5].event_hash}; });
  proof = prove("door:2");
  proof.events.pop_back();
  EXPECT_EQ(fault_of(proof), "wrong_head");
  proof.events[1] = log_[5];
  EXPECT_EQ(fault_of(proof), "wrong_version");
}

TEST_F(StreamProofTest, refuses_chains_that_no_log_has) {
  const auto fault = [&](auto change) {
    log_.clear();
    streams_.clear();
    add("$batpak/store");
    add("door:1");
    add("door:2");
    change_chain_ = change;
    add("door:2");
    change_chain_ = [](event::ChainFields&) {};
    declare();
    return fault_of(prove("door:2"));
  };
  EXPECT_EQ(fault([](auto&) {}), "none");
  EXPECT_EQ(fault([](auto& chain) { chain.stream_version = 2; }), "wrong_version");
  EXPECT_EQ(fault([](auto& chain) { chain.previous_hash.bytes[0] ^= std::byte{1}; }), "broken_chain");
  EXPECT_EQ(fault([](auto& chain) { chain.previous_sequence = 1; }), "broken_chain");
  EXPECT_EQ(fault([](auto& chain) { chain.sequence = 2; }), "wrong_sequence");
  EXPECT_EQ(fault([](auto& chain) { chain.sequence = 4; }), "wrong_sequence") << "where the declaration itself stands";
}

TEST_F(StreamProofTest, refuses_streams_that_begin_elsewhere) {
  const auto fault = [&](std::string_view entity, auto change) {
    log_.clear();
    streams_.clear();
    change_chain_ = [](event::ChainFields&) {};
    if (entity == "$batpak/store") change_chain_ = change;
    add("$batpak/store");
    add("door:1");
    change_chain_ = change;
    add("door:2");
    change_chain_ = [](event::ChainFields&) {};
    declare();
    return fault_of(prove(entity));
  };
  EXPECT_EQ(fault("door:2", [](auto&) {}), "none");
  EXPECT_EQ(fault("door:2", [](auto& chain) { chain.previous_sequence = 1; }), "wrong_beginning");
  EXPECT_EQ(fault("door:2", [](auto& chain) { chain.previous_hash.bytes[0] ^= std::byte{1}; }), "wrong_beginning");
  EXPECT_EQ(fault("$batpak/store", [](auto& chain) { chain.previous_hash.bytes[0] ^= std::byte{1}; }), "wrong_beginning");
}

TEST_F(StreamProofTest, refuses_lanes_that_branch_from_elsewhere) {
  const auto fault = [&](std::uint64_t from, auto change) {
    log_.clear();
    streams_.clear();
    add("$batpak/store");
    add("door:1");
    add("door:2", 2);
    change_chain_ = change;
    add({.entity = "door:2", .lane = 9, .branches_from = from});
    change_chain_ = [](event::ChainFields&) {};
    add({.entity = "door:2", .lane = 9});
    add({.entity = "door:2", .lane = 12, .branches_from = 4});  // from a branch
    declare();
    return fault_of(prove("door:2"));
  };
  EXPECT_EQ(fault(2, [](auto&) {}), "none");
  EXPECT_EQ(fault(3, [](auto&) {}), "none");
  EXPECT_EQ(fault(1, [](auto&) {}), "wrong_beginning") << "of another entity";
  EXPECT_EQ(fault(2, [](auto& chain) { chain.previous_sequence = 5; }), "wrong_beginning") << "a later one";
  EXPECT_EQ(fault(2, [](auto& chain) { chain.previous_hash.bytes[0] ^= std::byte{1}; }), "wrong_beginning");
}

// Witness: nothing_left_out_is_provable
TEST_F(StreamProofTest, with_any_byte_of_its_text_changed_is_refused_or_speaks_of_another_entity) {
  add({.entity = "door:2", .lane = 1, .branches_from = 3});
  declare();
  for (const char* entity : {"door:2", "door:25"}) {
    const std::string text = format_stream_proof(prove(entity));
    ASSERT_TRUE(verify_stream_proof(*parse_stream_proof(text), verifier()));
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char character : {'A', ' ', '\n', '=', static_cast<char>(text[i] ^ 1), static_cast<char>(text[i] ^ 0x80)}) {
        if (text[i] == character) continue;
        std::string changed = text;
        changed[i] = character;
        const auto parsed = parse_stream_proof(changed);
        if (!parsed) continue;
        const auto proven = verify_stream_proof(*parsed, verifier());
        // Between the same neighbours other entities are absent too, and that is true.
        const bool is_other =
            proven && proven->lanes.empty() && proven->entity != entity && std::string_view(entity) == "door:25";
        ASSERT_TRUE(!proven || is_other) << "byte " << i << " of\n" << text;
      }
      ASSERT_FALSE(parse_stream_proof(std::string_view(text).substr(0, i))) << i;
    }
  }
}

TEST_F(StreamProofTest, says_in_which_line_it_is_malformed) {
  declare();
  const std::string text = format_stream_proof(prove("door:2"));
  std::size_t line = 1;
  for (std::size_t begin = 0; text[begin] != '\n'; ++line) {
    const std::size_t end = text.find('\n', begin);
    const std::string changed = text.substr(0, begin) + "no such line!" + text.substr(end);
    const auto parsed = parse_stream_proof(changed);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().fault, StreamProofFault::malformed);
    EXPECT_NE(parsed.error().message.find("line " + std::to_string(line) + " of the proof"), std::string::npos)
        << parsed.error().message;
    begin = end + 1;
  }
  EXPECT_EQ(parse_stream_proof("").error().fault, StreamProofFault::malformed);
  const std::size_t empty = text.find("\n\n");
  EXPECT_NE(parse_stream_proof(text.substr(0, empty + 2) + "x\n").error().message.find("behind the events"),
            std::string::npos);
}

// What is no leaf would take six times its text in memory before anything of it is verified.
TEST_F(StreamProofTest, of_many_tiny_leaves_is_refused_at_the_first) {
  std::string text = "batpak.stream-proof@v1\nentity YQ==\n";
  for (int i = 0; i < 100'000; ++i) text += "stream 0 AA==\n";
  const auto parsed = parse_stream_proof(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().fault, StreamProofFault::malformed_leaf);
  EXPECT_TRUE(parsed.error().message.starts_with("line 3 of the proof ")) << parsed.error().message;
}

TEST_F(StreamProofTest, with_a_leaf_that_can_be_none_says_in_which_line) {
  declare();
  StreamProof proof = prove("door:2");
  for (const auto& change : std::vector<std::function<void(Bytes&)>>{
           [](Bytes& leaf) { leaf.resize(56); }, [](Bytes& leaf) { leaf[0] ^= std::byte{1}; },
           [](Bytes& leaf) { leaf.push_back(std::byte{'1'}); }, [](Bytes& leaf) { leaf.back() = std::byte{0}; }}) {
    StreamProof changed = proof;
    change(changed.leaves[1].data);
    const std::string text = format_stream_proof(changed);
    const auto line = 1 + std::ranges::count(std::string_view(text).substr(0, text.find("\nstream 2 ") + 1), '\n');
    const auto parsed = parse_stream_proof(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().fault, StreamProofFault::malformed_leaf);
    EXPECT_TRUE(parsed.error().message.starts_with("line " + std::to_string(line) + " of the proof "))
        << parsed.error().message;
    EXPECT_EQ(fault_of(changed), "malformed_leaf") << "a proof that was not read from a text";
  }
}

TEST_F(StreamProofTest, with_an_event_shorter_than_any_is_refused_at_the_first) {
  declare();
  StreamProof proof = prove("door:2");
  for (EventRecord& event : proof.events) event = {};
  const std::string text = format_stream_proof(proof);
  const auto line = 1 + std::ranges::count(std::string_view(text).substr(0, text.find("\nevent ") + 1), '\n');
  const auto parsed = parse_stream_proof(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().fault, StreamProofFault::malformed);
  EXPECT_TRUE(parsed.error().message.starts_with("line " + std::to_string(line) + " of the proof "))
      << parsed.error().message;
}

TEST_F(StreamProofTest, about_what_can_be_no_entity_is_malformed) {
  declare();
  StreamProof proof = prove("m");
  ASSERT_TRUE(parse_stream_proof(format_stream_proof(proof)));
  for (const std::string_view entity : {std::string_view("m\xFF"), std::string_view("m\n"), std::string_view("m\x1B[31m"),
                                        std::string_view("m\0", 2), std::string_view("\xC2\x85")}) {
    proof.entity = entity;
    const auto parsed = parse_stream_proof(format_stream_proof(proof));
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("line 2 of the proof"), std::string::npos) << parsed.error().message;
    EXPECT_EQ(fault_of(proof), "malformed") << "a proof that was not read from a text";
  }
}

TEST_F(StreamProofTest, takes_the_logs_and_witnesses_of_a_policy) {
  declare();
  const StreamProof proof = prove("door:2");
  const auto policy = TrustPolicy::parse("log " + to_string(verifier()) + "\nquorum none\n").value();
  EXPECT_TRUE(verify_stream_proof(proof, policy));
  const auto refused = verify_stream_proof(proof, TrustPolicy::parse("quorum none\n").value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().receipt_fault, ReceiptFault::unknown_origin);
}

TEST_F(StreamProofTest, of_many_events_is_read_and_verified_in_one_pass) {
  add("door:2", 20'000);
  // The tests' own tree is naive; one event in the log is enough.
  declare();
  const auto parsed = parse_stream_proof(format_stream_proof(prove("door:2")));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(verify_stream_proof(*parsed, verifier()).value().events.size(), 20'003U);
}

}  // namespace
}  // namespace batpak
