#include "platform/sim_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace batpak::platform {
namespace {

// Cuts the first part off a path.
std::string_view take_part(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

template <class Changes>
bool touches(const Changes& changes, const std::set<SimNodeId>& directories) {
  return std::ranges::any_of(changes, [&](const auto& change) { return directories.contains(change.directory); });
}

template <class Changes>
void add_directories(const Changes& changes, std::set<SimNodeId>& directories) {
  for (const auto& change : changes) directories.insert(change.directory);
}

}  // namespace

SimDisk::SimDisk() { nodes_[root].is_directory = true; }

SimDisk::Answer<SimNodeId> SimDisk::find(SimNodeId from, std::string_view path) const {
  SimNodeId at = from;
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (!is_directory(at)) return std::unexpected(ENOTDIR);
    if (part.empty() || part == ".") continue;
    const auto found = names(at).find(part);
    if (found == names(at).end()) return std::unexpected(ENOENT);
    at = found->second;
  }
  return at;
}

SimDisk::Answer<SimDisk::Place> SimDisk::place_of(SimNodeId from, std::string_view path) const {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == ".") return std::unexpected(EINVAL);
  const auto directory = slash == std::string_view::npos ? Answer<SimNodeId>(from) : find(from, path.substr(0, slash));
  if (!directory) return std::unexpected(directory.error());
  if (!is_directory(*directory)) return std::unexpected(ENOTDIR);
  return Place{.directory = *directory, .name = std::string(name)};
}

std::vector<std::string> SimDisk::list_files() const {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, SimNodeId>> directories{{"", root}};
  while (!directories.empty()) {
    const auto [prefix, directory] = std::move(directories.back());
    directories.pop_back();
    for (const auto& [name, node] : names(directory)) {
      if (is_directory(node)) {
        directories.emplace_back(prefix + name + "/", node);
      } else {
        files.push_back(prefix + name);
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

SimDisk::Answer<SimNodeId> SimDisk::create(SimNodeId from, std::string_view path, Node node) {
  auto place = place_of(from, path);
  if (!place) return std::unexpected(place.error());
  if (names(place->directory).contains(place->name)) return std::unexpected(EEXIST);
  const SimNodeId id{next_node_++};
  node.parent = place->directory;
  nodes_.emplace(id, std::move(node));
  change({{.directory = place->directory, .name = std::move(place->name), .target = id}});
  return id;
}

SimDisk::Answer<SimNodeId> SimDisk::create_file(SimNodeId from, std::string_view path) { return create(from, path, {}); }

SimDisk::Answer<SimNodeId> SimDisk::make_directory(SimNodeId from, std::string_view path) {
  Node node;
  node.is_directory = true;
  return create(from, path, std::move(node));
}

SimDisk::Answer<void> SimDisk::rename(SimNodeId from, std::string_view old_path, std::string_view new_path) {
  const auto moved = find(from, old_path);
  if (!moved) return std::unexpected(moved.error());
  auto old_place = place_of(from, old_path);
  auto new_place = place_of(from, new_path);
  if (!old_place) return std::unexpected(old_place.error());
  if (!new_place) return std::unexpected(new_place.error());
  const auto& there = names(new_place->directory);
  if (const auto replaced = there.find(new_place->name); replaced != there.end()) {
    if (replaced->second == *moved) return {};
    if (is_directory(replaced->second) != is_directory(*moved)) {
      return std::unexpected(is_directory(*moved) ? ENOTDIR : EISDIR);
    }
    if (is_directory(*moved) && !names(replaced->second).empty()) return std::unexpected(ENOTEMPTY);
  }
  if (is_directory(*moved)) nodes_.at(*moved).parent = new_place->directory;
  change({{.directory = old_place->directory, .name = std::move(old_place->name), .target = std::nullopt},
          {.directory = new_place->directory, .name = std::move(new_place->name), .target = *moved}});
  return {};
}

SimDisk::Answer<void> SimDisk::remove(SimNodeId from, std::string_view path) {
  const auto node = find(from, path);
  if (!node) return std::unexpected(node.error());
  if (is_directory(*node)) return std::unexpected(EISDIR);
  auto place = place_of(from, path);
  if (!place) return std::unexpected(place.error());
  change({{.directory = place->directory, .name = std::move(place->name), .target = std::nullopt}});
  return {};
}

void SimDisk::change(NameChanges changes) {
  for (const NameChange& change : changes) {
    Names& names = nodes_.at(change.directory).names;
    if (change.target) {
      names.insert_or_assign(change.name, *change.target);
    } else {
      names.erase(change.name);
    }
  }
  unsynced_.push_back(std::move(changes));
}

void SimDisk::make_durable(const NameChanges& changes) {
  for (const NameChange& change : changes) {
    Names& names = nodes_.at(change.directory).durable_names;
    if (change.target) {
      names.insert_or_assign(change.name, *change.target);
    } else {
      names.erase(change.name);
    }
  }
}

// A rename between two directories is one change, so syncing either makes it durable, and with it what came before it in
// the other.
void SimDisk::sync_names(SimNodeId directory) {
  std::set<SimNodeId> directories{directory};
  std::vector<bool> chosen(unsynced_.size());
  for (std::size_t i = unsynced_.size(); i-- > 0;) {
    chosen[i] = touches(unsynced_[i], directories);
    if (chosen[i]) add_directories(unsynced_[i], directories);
  }
  std::vector<NameChanges> rest;
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    if (chosen[i]) {
      make_durable(unsynced_[i]);
    } else {
      rest.push_back(std::move(unsynced_[i]));
    }
  }
  unsynced_ = std::move(rest);
}

void SimDisk::write_back(SimRandom& random) {
  for (auto& [id, node] : nodes_) node.content.write_back(random);
}

void SimDisk::fail_write_back() {
  for (auto& [id, node] : nodes_) node.content.fail_sync(std::nullopt);
}

void SimDisk::evict() {
  for (auto& [id, node] : nodes_) node.content.evict();
}

void SimDisk::crash(const SimCrash& crash) {
  SimRandom random(crash.seed);
  lose_unsynced_names(crash, random);
  drop_unreachable();
  for (auto& [id, node] : nodes_) node.content.crash(crash, random);
}

// Each directory keeps a first part of its changes, of a length of its own: nothing orders two directories' changes.
void SimDisk::lose_unsynced_names(const SimCrash& crash, SimRandom& random) {
  std::map<SimNodeId, std::uint64_t> left;  // how many more changes each directory keeps
  for (const NameChanges& changes : unsynced_) {
    for (const NameChange& change : changes) ++left[change.directory];
  }
  for (auto& [directory, count] : left) {
    if (crash.names == SimCrash::Order::lost) count = 0;
    if (crash.names == SimCrash::Order::any) count = random.below(count + 1);
  }
  std::set<SimNodeId> ended;
  for (const NameChanges& changes : unsynced_) {
    for (const NameChange& change : changes) {
      if (left[change.directory] == 0) ended.insert(change.directory);
    }
    if (touches(changes, ended)) {
      add_directories(changes, ended);
      continue;
    }
    for (const NameChange& change : changes) {
      std::uint64_t& count = left[change.directory];
      count -= std::min<std::uint64_t>(count, 1);
    }
    make_durable(changes);
  }
  unsynced_.clear();
}

void SimDisk::drop_unreachable() {
  std::set<SimNodeId> reached{root};
  std::vector<SimNodeId> open{root};
  while (!open.empty()) {
    const SimNodeId at = open.back();
    open.pop_back();
    Node& directory = nodes_.at(at);
    directory.names = directory.durable_names;
    for (const auto& [name, node] : directory.names) {
      nodes_.at(node).parent = at;
      if (reached.insert(node).second && is_directory(node)) open.push_back(node);
    }
  }
  std::erase_if(nodes_, [&](const auto& entry) { return !reached.contains(entry.first); });
}

}  // namespace batpak::platform
