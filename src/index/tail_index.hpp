// Where every event stands and which events each stream has, in memory, built from the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"
#include "batpak/event_id.hpp"
#include "batpak/hash.hpp"
#include "index/stable_array.hpp"

namespace batpak::index {

// Where a frame stands and how long it is, so that no length read from a damaged file leads past its end. A damaged event has
// no place.
struct FramePlace {
  static constexpr std::uint32_t damaged_segment = 0xFFFFFFFF;

  std::uint32_t segment = damaged_segment;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  [[nodiscard]] bool is_damaged() const noexcept { return segment == damaged_segment; }
};

// The last event of a stream, as the writer needs it to link the next one.
struct Head {
  std::uint64_t count = 0;  // events in the stream; also the next stream version
  std::uint64_t sequence = 0;
  Hash hash;
};

// A stream's events. The writer alone looks at `head`, which may be ahead of what readers see.
struct Stream {
  Head head;
  std::vector<std::uint64_t> sequences;  // guarded by the index's mutex
};

// A stream as it is below some size of the log.
//
// Owner of the name: the index.
struct StreamEnd {
  std::string_view entity;
  std::uint32_t lane = 0;
  std::uint64_t events = 0;
  std::uint64_t last = 0;  // sequence of the last of them
};

// Threads: one writer adds and publishes; any thread reads what was published. Readers never see part of a commit, because
// the writer publishes once after each.
class TailIndex {
 public:
  // The writer's side. add_stream() gives the entry of a stream, made when absent; it stays where it is.
  [[nodiscard]] Stream& add_stream(std::string_view entity, std::uint32_t lane) BATPAK_EXCLUDES(mutex_);
  // Adds an event that no reader sees yet. `stream` may be null for a damaged one.
  void add_event(const EventId& id, FramePlace place, Stream* stream);
  // The next event of the stream is a lost one, of this sequence: readers of the stream meet it in its place. Added before the
  // event that says so, and shown together with that.
  void add_lost(std::uint64_t sequence, Stream& stream);
  // Shows everything added, or the first `size` events of the log, which is never less than before.
  void publish() { publish(places_.size()); }
  void publish(std::uint64_t size) BATPAK_EXCLUDES(mutex_);

  // The readers' side: only sequences below visible() may be asked for.
  [[nodiscard]] std::uint64_t visible() const noexcept { return visible_.load(std::memory_order_acquire); }
  [[nodiscard]] FramePlace place(std::uint64_t sequence) const noexcept { return places_[sequence]; }
  // The sequence of the event with this id below `size`; ids grow with the sequence.
  [[nodiscard]] std::optional<std::uint64_t> find(const EventId& id, std::uint64_t size) const noexcept;
  // Up to `count` sequences of a stream from `version` on, those below `size`.
  [[nodiscard]] std::vector<std::uint64_t> stream_sequences(std::string_view entity, std::uint32_t lane,
                                                            std::uint64_t version, std::size_t count,
                                                            std::uint64_t size) const BATPAK_EXCLUDES(mutex_);
  // Events of a stream below `size`.
  [[nodiscard]] std::uint64_t stream_size(std::string_view entity, std::uint32_t lane, std::uint64_t size) const
      BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t streams() const BATPAK_EXCLUDES(mutex_);
  // Of `count` streams from number `first` on, in the order in which they came, those with events below `size`. Whoever goes
  // through all of them takes a few at a time: the writer waits meanwhile.
  [[nodiscard]] std::vector<StreamEnd> stream_ends(std::uint64_t first, std::size_t count, std::uint64_t size) const
      BATPAK_EXCLUDES(mutex_);

 private:
  struct Key {
    std::string entity;
    std::uint32_t lane;
  };
  struct KeyView {
    std::string_view entity;
    std::uint32_t lane;
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const KeyView& key) const noexcept {
      return std::hash<std::string_view>{}(key.entity) ^ (key.lane * 0x9E3779B97F4A7C15ULL);
    }
    std::size_t operator()(const Key& key) const noexcept { return (*this)(KeyView{key.entity, key.lane}); }
  };
  struct KeyEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.lane == b.lane && std::string_view(a.entity) == std::string_view(b.entity);
    }
  };
  struct Unpublished {
    Stream* stream;
    std::uint64_t sequence;
    std::uint64_t shown_with;  // the event that must be visible
  };

  [[nodiscard]] const Stream* find_stream(std::string_view entity, std::uint32_t lane) const BATPAK_REQUIRES(mutex_);

  StableArray<FramePlace> places_;
  StableArray<EventId> ids_;
  std::vector<Unpublished> unpublished_;
  // Release in publish(), acquire in visible(): who sees the size sees the elements below it.
  base::Atomic<std::uint64_t> visible_{0};
  mutable base::Mutex mutex_;
  // Only the writer inserts, so the writer alone may look without the mutex.
  using Streams = std::unordered_map<Key, Stream, KeyHash, KeyEqual>;
  Streams streams_;
  StableArray<const Streams::value_type*> by_number_;  // where they are, in the order in which they came
};

}  // namespace batpak::index
