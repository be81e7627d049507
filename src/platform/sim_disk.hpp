// A simulated device with its page cache: files, directories, and which of their names would survive a power loss.
//
// Failures are errno values, as a system call's would be.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sim_content.hpp"
#include "platform/sim_crash.hpp"

namespace batpak::platform {

// A file or directory, whatever it is called: what an open handle holds on to.
enum class SimNodeId : std::uint64_t {};

// Threads: one at a time. A copy is another device in the same state.
class SimDisk {
 public:
  template <class T>
  using Answer = std::expected<T, int>;
  using Names = std::map<std::string, SimNodeId, std::less<>>;

  static constexpr SimNodeId root{1};

  SimDisk();

  // `path` is relative to the directory `from`: "log/a", or "." for itself. Empty parts are skipped. ENOENT, ENOTDIR.
  [[nodiscard]] Answer<SimNodeId> find(SimNodeId from, std::string_view path) const;
  [[nodiscard]] bool is_directory(SimNodeId node) const { return nodes_.at(node).is_directory; }
  [[nodiscard]] const Names& names(SimNodeId directory) const { return nodes_.at(directory).names; }
  [[nodiscard]] SimNodeId parent(SimNodeId directory) const { return nodes_.at(directory).parent; }
  [[nodiscard]] SimContent& content(SimNodeId file) { return nodes_.at(file).content; }
  [[nodiscard]] std::vector<std::string> list_files() const;

  // Names that are there now and durable only after sync_names of their directory.
  [[nodiscard]] Answer<SimNodeId> create_file(SimNodeId from, std::string_view path);
  [[nodiscard]] Answer<SimNodeId> make_directory(SimNodeId from, std::string_view path);
  [[nodiscard]] Answer<void> rename(SimNodeId from, std::string_view old_path, std::string_view new_path);
  [[nodiscard]] Answer<void> remove(SimNodeId from, std::string_view path);

  void sync_names(SimNodeId directory);
  void write_back(SimRandom& random);
  void fail_write_back();
  void evict();
  void crash(const SimCrash& crash);

 private:
  struct Node {
    bool is_directory = false;
    SimNodeId parent = root;  // of a directory
    Names names;
    Names durable_names;
    SimContent content;
  };
  struct NameChange {
    SimNodeId directory;
    std::string name;
    std::optional<SimNodeId> target;  // absent: the name goes
  };
  // Changes that happen together or not at all.
  using NameChanges = std::vector<NameChange>;
  struct Place {
    SimNodeId directory;
    std::string name;
  };

  [[nodiscard]] Answer<Place> place_of(SimNodeId from, std::string_view path) const;
  [[nodiscard]] Answer<SimNodeId> create(SimNodeId from, std::string_view path, Node node);
  void change(NameChanges changes);
  void make_durable(const NameChanges& changes);
  void lose_unsynced_names(const SimCrash& crash, SimRandom& random);
  void drop_unreachable();

  std::map<SimNodeId, Node> nodes_;  // one without a name stays until the power fails, for handles may be open
  std::uint64_t next_node_ = 2;
  std::vector<NameChanges> unsynced_;  // oldest first
};

}  // namespace batpak::platform
