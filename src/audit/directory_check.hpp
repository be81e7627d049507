// Goes through the files of a store: which there are, how they follow each other, what stands in them up to where.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/finding_list.hpp"
#include "audit/history.hpp"
#include "audit/segment_reader.hpp"
#include "audit/span_check.hpp"
#include "audit/task_pool.hpp"
#include "event/store_meta.hpp"
#include "platform/file_system.hpp"
#include "segment/live_file.hpp"

namespace batpak::audit {

// One verification. This thread walks the segments and takes the results in order; the pool reads ahead and checks spans of
// commits. A segment is walked through windows as long as whole commits follow each other, so that their bytes are hashed while
// they are in the processor's cache. Only what is something else has the rest of the segment loaded as an image, in which it can
// be searched. A few windows, results, and one image at most are in memory.
//
// Threads: one.
class DirectoryCheck {
 public:
  DirectoryCheck(platform::Directory& directory, const VerifyOptions& options);
  // Errors: not_a_store, permission_denied.
  [[nodiscard]] Result<VerifyReport> run();

 private:
  struct SegmentFile {
    std::string path;
    std::uint64_t first_sequence = 0;  // as its name says
    std::uint64_t size = 0;
  };
  // A segment being read by the pool; or what kept it from being opened.
  struct Loading {
    std::shared_ptr<OpenSegment> segment;
    std::unique_ptr<SegmentReader> reader;
    std::optional<Error> error;
    std::optional<bool> begins_with_a_commit;  // once it was asked for
  };
  // A span at work, to be taken in turn; or the beginning of a segment.
  struct Pending {
    std::shared_ptr<const OpenSegment> segment;
    std::shared_ptr<const Window> window;
    std::shared_ptr<TaskPool::Task> task;  // absent for a beginning
    CheckedSpan checked;
    std::uint64_t bytes = 0;
  };
  // How far the walk has come in a segment, and what it met there.
  struct WalkEnd {
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    bool tail = false;
    bool is_blank_behind = false;  // what follows, to the end of the file, was looked at: zeros
    std::optional<segment::Seal> seal;
  };

  [[nodiscard]] Result<void> list_files();
  void read_meta();
  // The log's name, as store.meta or else the genesis event says it.
  [[nodiscard]] std::optional<std::string> find_origin();
  void check_origin(const std::optional<std::string>& origin);
  void start_loading(std::size_t index);
  [[nodiscard]] Result<void> check_segment(std::size_t index);
  // Loads a segment's image from `from` on and reports what of it cannot be read. False: it cannot be read at all.
  [[nodiscard]] bool load_image(const Loading& loaded, std::uint64_t from);
  // What the segment is, from its header or, where that is damaged, from what else names it; `beginning` is what was read of it
  // so far. False: not of this log.
  [[nodiscard]] bool identify(OpenSegment& segment, ByteView beginning, const SegmentFile& file);
  void check_number(OpenSegment& segment, ByteView beginning);
  // Whole commits, through windows, up to whatever else there is.
  void walk_windows(const Loading& loaded, std::shared_ptr<const Window> window, WalkEnd& end);
  [[nodiscard]] static bool is_blank(const Loading& loaded, std::shared_ptr<const Window> window, ByteView rest);
  // Everything behind `end`, in an image.
  void walk_image(const std::shared_ptr<const OpenSegment>& segment, ByteView view, std::size_t index, WalkEnd& end);
  [[nodiscard]] bool is_tail(const OpenSegment& segment, ByteView view, std::uint64_t offset, std::uint64_t sequence,
                             std::size_t index);
  [[nodiscard]] bool may_have_tail(std::size_t index);
  void report_tail(const std::shared_ptr<const OpenSegment>& segment, ByteView view, const segment::CommitFault& fault);
  // `rest` is what stands behind the end, but for zeros alone; the file has `size` bytes.
  void check_end(const OpenSegment& segment, ByteView rest, std::uint64_t size, const WalkEnd& end, std::size_t index);
  // Looks again at the events that branches begin at: one more reading, of those segments that have such.
  void check_branches();
  void push(Span span, std::uint64_t bytes);
  void take_front();
  void take_all();

  platform::Directory& directory_;
  const VerifyOptions& options_;
  VerifyReport report_;
  FindingList findings_;
  bool has_owner_ = false;
  std::optional<segment::LiveRecord> live_;
  std::optional<event::StoreMeta> meta_;
  std::optional<segment::StoreId> store_id_;
  std::vector<SegmentFile> files_;
  std::optional<SignerIdentity> signer_;
  std::vector<std::unique_ptr<SpanChecker>> checkers_;  // one for each thread of the pool
  std::optional<History> history_;
  std::vector<Bytes> spare_;  // memory of windows done with
  std::deque<std::unique_ptr<Pending>> pending_;
  std::uint64_t number_ = 0;           // of the segment expected next
  std::uint64_t walked_sequence_ = 0;  // where the walk stands, ahead of the history
  std::optional<segment::Seal> seal_before_;
  std::optional<std::uint64_t> covered_until_;  // of the segment being walked: the last offset that a durable-through names
  bool reached_live_ = false;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t bytes_done_ = 0;
  TaskPool pool_;                  // behind all that its threads use, for they end first
  std::unique_ptr<Loading> next_;  // the segment after the one being walked; waits for the pool when it goes
};

}  // namespace batpak::audit
