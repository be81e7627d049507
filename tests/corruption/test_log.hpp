// Small logs written by hand for tests, and taken apart and put together again with every CRC mended.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/crc32c.hpp"
#include "batpak/codec.hpp"
#include "batpak/verify.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/store_meta.hpp"
#include "platform/sim_fs.hpp"
#include "proof/checkpoint.hpp"
#include "proof/merkle.hpp"
#include "segment/commit_walker.hpp"
#include "segment/link_state.hpp"
#include "segment/live_file.hpp"

namespace batpak::test {

using Files = std::map<std::string, Bytes>;

struct Note {
  std::string text;
};

inline constexpr EventKind note_kind{0xF, 0x001};

// Writes a log commit by commit. Times, ids and salts count up, so that the same calls give the same bytes.
class TestLog {
 public:
  struct Options {
    const SigningKey* key = nullptr;
    bool sign_events = false;
    // Of a forger who has not got the key that the log declares: signs with another under its name, or not at all.
    const SigningKey* forged_with = nullptr;
    bool leave_unsigned = false;
    std::uint64_t session = 1;
    unsigned salts = 0x70;  // of segments
    std::optional<Hash> recovery_key_hash = {};
    std::string origin = "example.com/test-log";
    std::string witness = {};  // a name under which each checkpoint is signed once more, by nobody
  };
  struct Link {
    std::uint64_t sequence = 0;
    Hash hash;
  };
  struct Event {
    std::string entity;
    Bytes payload;
    EventKind kind = note_kind;
    std::string scope = "tests";
    Bytes metadata = {};
    std::uint32_t batch_index = 0;
    std::uint32_t batch_size = 1;
    std::uint32_t lane = 0;
    Bytes extensions = {};
    std::optional<CorrelationId> correlation = {};
    std::optional<EventId> causation = {};
    std::optional<Hash> idempotency_key = {};
    std::optional<Link> follows = {};  // another event than the one that it should
    std::optional<Timestamp> time = {};
    std::optional<EventId> id = {};
    std::uint16_t payload_version = 1;
  };

  TestLog() : TestLog(Options{}) {}
  explicit TestLog(Options options) : options_(std::move(options)) {
    event::Genesis genesis;
    genesis.created = time_;
    genesis.store_id.fill(std::byte{0x5A});
    genesis.origin = options_.origin;
    if (options_.key != nullptr) {
      genesis.key = options_.key->public_key().bytes();
      signers_ = {options_.key};
      event_key_ = options_.key;
    }
    if (options_.recovery_key_hash) genesis.recovery_key_hash = options_.recovery_key_hash->bytes;
    meta_ = event::StoreMeta::make(genesis).value();
    begin_segment(0);
    commit({{.entity = std::string(event::Genesis::entity),
             .payload = meta_.genesis_payload,
             .kind = event::Genesis::kind,
             .scope = std::string(event::store_scope)}});
  }

  static Bytes note(std::string text) {
    Bytes bytes;
    encode_payload(bytes, Note{std::move(text)}).value();
    return bytes;
  }
  static Bytes metadata() {
    Bytes bytes;
    encode_payload(bytes, Note{"metadata"}).value();
    return bytes;
  }

  void declare_notes() {
    event::TypeDeclaration type;
    type.fields = {{.name = "text", .type = "string"}};
    type.declares = note_kind.value();
    type.name = "note";
    Bytes payload;
    encode_payload(payload, type).value();
    commit({{.entity = std::string(event::TypeDeclaration::entity),
             .payload = payload,
             .kind = event::TypeDeclaration::kind,
             .scope = std::string(event::store_scope)}});
  }

  void commit(const std::vector<Event>& events) {
    builder_.begin();
    const std::uint64_t first = link_.end.sequence;
    for (const Event& event : events) add(event);
    finish(segment::CommitType::events, first);
  }

  void idle_mark() {
    builder_.begin();
    Bytes& bytes = files_[path_];
    bytes.resize(base::align_up(bytes.size(), 4096));
    finish(segment::CommitType::idle_mark, link_.end.sequence);
  }

  void rotate() {
    segment::SegmentHeader next = make_header(header_.number + 1);
    builder_.begin();
    segment::Seal seal;
    const auto signatures = stored_signatures();
    seal.segment_end = files_[path_].size() + segment::commit_size(segment::seal_body_bytes, signatures);
    seal.successor = next.number;
    seal.first_sequence = next.first_sequence;
    seal.successor_salt = next.salt;
    builder_.add_seal(seal);
    finish(segment::CommitType::seal, link_.end.sequence);
    begin_segment(header_.number + 1);
  }

  // Who signs from here on: the checkpoints that commits store, and the events.
  void sign_with(std::vector<const SigningKey*> signers) { signers_ = std::move(signers); }
  void sign_events_with(const SigningKey& key) { event_key_ = &key; }

  // Of a forger: an idle mark that stores a signature which is none, of the key, and of any size.
  void store_no_signature_of(const SigningKey& key, std::uint64_t size) {
    builder_.begin();
    Bytes& bytes = files_[path_];
    bytes.resize(base::align_up(bytes.size(), 4096));
    const auto key_id = key.public_key().key_id(meta_.genesis.origin);
    Bytes signature(key_id.begin(), key_id.end());
    signature.resize(signature.size() + PublicKey::signature_bytes);
    finish(segment::CommitType::idle_mark, link_.end.sequence,
           segment::CommitEnd{.tree_size = tree_.size(),
                              .root = tree_.root(),
                              .signed_size = size,
                              .signatures = {{.name = "", .signature = signature}}});
  }

  // Of a forger, at the beginning of a segment: it goes on from the events of another log, of which there are as many.
  void go_on_from(const TestLog& other) {
    tree_ = other.tree_;
    header_.right_edge.assign(tree_.hashes().begin(), tree_.hashes().end());
    files_[path_] = header_.encode();
  }

  // From here on no commit stores a checkpoint.
  void leave_unsigned() { options_.leave_unsigned = true; }

  // Zeros as preallocation leaves them.
  void preallocate(std::size_t bytes) { files_[path_].resize(files_[path_].size() + bytes); }
  // Tail bytes, as a crash leaves them.
  void append_raw(ByteView bytes) { base::append(files_[path_], bytes); }

  [[nodiscard]] Files files() const {
    Files files = files_;
    files[std::string(event::store_meta_name)] = meta_.encode();
    return files;
  }
  [[nodiscard]] const segment::LinkState& link() const { return link_; }
  [[nodiscard]] const Link& link_to(std::uint64_t sequence) const { return links_.at(sequence); }
  [[nodiscard]] const std::string& last_path() const { return path_; }
  [[nodiscard]] const event::StoreMeta& meta() const { return meta_; }
  [[nodiscard]] ByteView last_commit() const { return builder_.bytes(); }

 private:
  struct Stream {
    std::uint64_t version = 0;
    std::uint64_t sequence = 0;
    Hash hash;
  };

  segment::SegmentHeader make_header(std::uint64_t number) const {
    segment::SegmentHeader header;
    header.store_id = meta_.genesis.store_id;
    header.number = number;
    header.first_sequence = tree_.size();
    header.salt.fill(static_cast<std::byte>(options_.salts + number));
    header.right_edge.assign(tree_.hashes().begin(), tree_.hashes().end());
    return header;
  }

  void begin_segment(std::uint64_t number) {
    header_ = make_header(number);
    path_ = segment::segment_path(header_.first_sequence);
    files_[path_] = header_.encode();
    if (number > 0) link_.enter_segment(number);
  }

  void add(const Event& event) {
    event::DraftFrame draft = event::DraftFrame::begin({.entity = event.entity,
                                                        .scope = event.scope,
                                                        .kind = event.kind,
                                                        .payload_version = event.payload_version,
                                                        .lane = event.lane,
                                                        .correlation = event.correlation,
                                                        .causation = event.causation,
                                                        .idempotency_key = event.idempotency_key,
                                                        .metadata = event.metadata,
                                                        .extensions = event.extensions},
                                                       next_salt());
    base::append(draft.payload_buffer(), event.payload);
    draft.finish(next_salt()).value();
    draft.set_batch(event.batch_index, event.batch_size);
    const std::uint64_t sequence = tree_.size();
    const bool is_first = !streams_.contains({event.entity, event.lane});
    Stream& stream = streams_[{event.entity, event.lane}];
    event::ChainFields chain;
    chain.sequence = sequence;
    chain.stream_version = stream.version;
    time_ += 1000;
    chain.time = {.microseconds = time_, .counter = 0};
    chain.wall_microseconds = time_;
    base::store_le(chain.id.bytes.data(), std::byteswap(0x0190'0000'0000'7000ULL + sequence));
    if (event.time) chain.time = *event.time;
    if (event.id) chain.id = *event.id;
    if (sequence > 0) {
      const Stream& origin = event.lane == 0 ? Stream{.hash = links_.front().hash} : streams_[{event.entity, 0}];
      chain.previous_sequence = is_first ? origin.sequence : stream.sequence;
      chain.previous_hash = is_first ? origin.hash : stream.hash;
    }
    if (event.follows) {
      chain.previous_sequence = event.follows->sequence;
      chain.previous_hash = event.follows->hash;
    }
    const std::size_t size = options_.sign_events ? draft.signed_frame_size() : draft.frame_size();
    const std::span<std::byte> frame = builder_.add_frame(size);
    const Hash hash = draft.complete(chain, frame);
    if (options_.sign_events) {
      const auto signature = event_key_->sign(event::event_signature_input(meta_.genesis.origin, hash));
      event::put_event_signature(frame, event_key_->public_key().key_id(meta_.genesis.origin), signature);
    }
    links_.push_back({.sequence = sequence, .hash = hash});
    stream = {.version = stream.version + 1, .sequence = sequence, .hash = hash};
    tree_.append(proof::leaf_hash(hash));
  }

  std::vector<segment::StoredSignature> stored_signatures() const {
    std::vector<segment::StoredSignature> stored;
    if (!signable_ || options_.leave_unsigned) return stored;
    for (const SigningKey* signer : signers_) {
      const SigningKey& key = options_.forged_with != nullptr ? *options_.forged_with : *signer;
      const NoteSignature note = proof::sign_checkpoint(*signable_, key).value();
      const auto key_id = signer->public_key().key_id(meta_.genesis.origin);
      Bytes signature(key_id.begin(), key_id.end());
      base::append(signature, note.signature);
      stored.push_back({.name = "", .signature = signature});
    }
    if (!options_.witness.empty()) stored.push_back({.name = options_.witness, .signature = Bytes(76)});
    return stored;
  }

  void finish(segment::CommitType type, std::uint64_t first_sequence, const std::optional<segment::CommitEnd>& forged = {}) {
    segment::CommitHeader header;
    header.type = type;
    header.segment = header_.number;
    header.offset = files_[path_].size();
    header.first_sequence = first_sequence;
    header.session = options_.session;
    header.durable_through = link_.end;
    header.previous_crc = link_.previous_crc;
    segment::CommitEnd end{
        .tree_size = tree_.size(), .root = tree_.root(), .signed_size = 0, .signatures = stored_signatures()};
    if (!end.signatures.empty()) end.signed_size = signed_size_ = signable_->size;
    if (forged) end = *forged;
    header = builder_.finish(header, end, header_.salt);
    base::append(files_[path_], builder_.bytes());
    link_.advance(header);
    signable_.reset();  // a checkpoint is stored once
    if (options_.key != nullptr && tree_.size() > signed_size_)
      signable_ = Checkpoint{meta_.genesis.origin, tree_.size(), tree_.root()};
  }

  event::Salt next_salt() {
    event::Salt salt;
    salt.fill(static_cast<std::byte>(++salts_));
    return salt;
  }

  Options options_;
  std::vector<const SigningKey*> signers_;
  const SigningKey* event_key_ = nullptr;
  event::StoreMeta meta_;
  Files files_;
  std::string path_;
  segment::SegmentHeader header_;
  segment::LinkState link_;
  segment::CommitBuilder builder_;
  proof::RightEdge tree_;
  std::map<std::pair<std::string, std::uint32_t>, Stream> streams_;
  std::optional<Checkpoint> signable_;
  std::uint64_t signed_size_ = 0;
  std::vector<Link> links_;  // to each event
  std::int64_t time_ = 1'700'000'000'000'000;
  unsigned salts_ = 0;
};

// Three segments, with a batch, metadata, an idle mark, and preallocated space at the end.
inline TestLog small_log(TestLog::Options options = {}) {
  TestLog log(options);
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("closed"), .metadata = TestLog::metadata()}});
  log.rotate();
  log.commit({{.entity = "door:1", .payload = TestLog::note("a"), .batch_index = 0, .batch_size = 3},
              {.entity = "door:2", .payload = TestLog::note("b"), .batch_index = 1, .batch_size = 3},
              {.entity = "door:1", .payload = TestLog::note("c"), .batch_index = 2, .batch_size = 3}});
  log.commit({{.entity = "door:2", .payload = TestLog::note("opened")}});
  log.rotate();
  log.commit({{.entity = "door:2", .payload = TestLog::note("closed")}});
  log.commit({{.entity = "door:3", .payload = TestLog::note("opened")}});
  log.idle_mark();
  return log;
}

// A commit in parts that can be moved and edited.
struct CommitParts {
  Bytes header;
  std::vector<Bytes> frames;
  Bytes rest;  // of a seal its body too

  [[nodiscard]] bool is_idle_mark() const { return base::load_le<std::uint32_t>(header.data() + 12) == 2; }
  [[nodiscard]] bool is_seal() const { return base::load_le<std::uint32_t>(header.data() + 12) == 3; }
};

struct SegmentParts {
  std::string path;
  Bytes header;
  std::vector<CommitParts> commits;
};

inline std::vector<SegmentParts> take_apart(const Files& files) {
  std::vector<SegmentParts> segments;
  for (const auto& [path, bytes] : files) {
    if (!path.starts_with("log/")) continue;
    const auto header = segment::SegmentHeader::decode(bytes).value();
    SegmentParts parts{
        .path = path, .header = {bytes.begin(), bytes.begin() + segment::segment_header_bytes}, .commits = {}};
    segment::CommitWalker walker(bytes, header);
    for (auto step = walker.next(); step.commit; step = walker.next()) {
      const segment::CommitView& commit = *step.commit;
      CommitParts taken{
          .header = {commit.bytes.begin(), commit.bytes.begin() + segment::commit_header_bytes}, .frames = {}, .rest = {}};
      std::size_t at = segment::commit_header_bytes;
      if (commit.header.type == segment::CommitType::events) {
        segment::FrameSplitter frames(commit.body);
        for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
          taken.frames.emplace_back(frame.begin(), frame.end());
          at += frame.size();
        }
      }
      taken.rest.assign(commit.bytes.begin() + static_cast<std::ptrdiff_t>(at), commit.bytes.end());
      parts.commits.push_back(std::move(taken));
    }
    segments.push_back(std::move(parts));
  }
  return segments;
}

inline void mend_crc(Bytes& bytes, std::size_t crc_at, std::size_t covered_at, ByteView salt = {}) {
  base::store_le(bytes.data() + crc_at, base::crc32c(ByteView(bytes).subspan(covered_at), base::crc32c(salt)));
}

// The files that hold these parts, as a careful forger leaves them: lengths, places, counts and every CRC are right. What is
// hashed stays as it is.
inline Files put_together(std::vector<SegmentParts> segments, const Bytes& store_meta) {
  Files files{{std::string(event::store_meta_name), store_meta}};
  segment::LogPoint end{.segment = 0, .offset = segment::segment_header_bytes, .sequence = 0};
  std::uint32_t previous_crc = 0;
  for (SegmentParts& parts : segments) {
    mend_crc(parts.header, 0, 4);
    const auto salt = ByteView(parts.header).subspan(56, 16);
    const auto segment_number = base::load_le<std::uint64_t>(parts.header.data() + 40);
    Bytes bytes = parts.header;
    end = {.segment = segment_number, .offset = bytes.size(), .sequence = end.sequence};
    for (CommitParts& commit : parts.commits) {
      if (commit.is_idle_mark()) bytes.resize(base::align_up(bytes.size(), 4096));
      const std::uint64_t offset = bytes.size();
      Bytes whole = commit.header;
      for (Bytes& frame : commit.frames) {
        mend_crc(frame, 0, 4);
        base::append(whole, frame);
      }
      base::append(whole, commit.rest);
      if (commit.is_seal()) base::store_le<std::uint64_t>(whole.data() + 88, offset + whole.size());
      base::store_le(whole.data() + 16, segment_number);
      base::store_le(whole.data() + 24, offset);
      if (!commit.frames.empty()) base::store_le(whole.data() + 40, static_cast<std::uint32_t>(commit.frames.size()));
      base::store_le(whole.data() + 44, static_cast<std::uint32_t>(whole.size()));
      base::store_le(whole.data() + whole.size() - 4, static_cast<std::uint32_t>(whole.size()));
      base::store_le(whole.data() + 56, end.segment);
      base::store_le(whole.data() + 64, end.offset);
      base::store_le(whole.data() + 72, end.sequence);
      base::store_le(whole.data() + 80, previous_crc);
      mend_crc(whole, 4, 8, salt);
      base::store_le(whole.data(), base::crc32c(ByteView(whole).subspan(4, 84), base::crc32c(salt)));
      previous_crc = base::load_le<std::uint32_t>(whole.data() + 4);
      const std::uint64_t next =
          base::load_le<std::uint64_t>(whole.data() + 32) + base::load_le<std::uint32_t>(whole.data() + 40);
      base::append(bytes, whole);
      end = {.segment = segment_number, .offset = bytes.size(), .sequence = next};
    }
    files[parts.path] = std::move(bytes);
  }
  return files;
}

inline VerifyReport verify_files(const Files& files, VerifyOptions options = {}) {
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
  options.file_system = &fs;
  if (options.threads == 0) options.threads = 1;
  return verify_directory("store", options).value();
}

inline std::string describe(const VerifyReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += std::string(to_string(finding.law)) + " " + finding.path;
    if (finding.offset) text += " @" + std::to_string(*finding.offset);
    if (finding.sequence) text += " #" + std::to_string(*finding.sequence);
    text += ": " + finding.message + "\n";
  }
  return text;
}

inline bool has(const VerifyReport& report, Law law) {
  return std::ranges::any_of(report.findings, [&](const Finding& finding) { return finding.law == law; });
}

}  // namespace batpak::test
