// Recipe: events that no C++ type describes.
#include <batpak/batpak.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace {

// [json]
batpak::Result<std::string> record(batpak::Store& store, const std::string& tool, const std::string& arguments_json) {
  const auto where = batpak::Coordinate::make("tool:" + tool, "agent");
  if (!where) return std::unexpected(where.error());
  // The store finds the kind that the log declared for this name, or declares one in category 0x1.
  const auto receipt = store.append_json(*where, "tool.called", arguments_json);
  if (!receipt) return std::unexpected(receipt.error());  // malformed, with the offset in the text

  const auto event = store.get(receipt->event_id);
  if (!event) return std::unexpected(event.error());
  return batpak::json_from_messagepack(event->payload(), batpak::JsonStyle::compact);
}
// [/json]

// [value]
// Looking into a payload without knowing its shape.
batpak::Result<std::string> path_of(const batpak::EventView& event) {
  const auto payload = batpak::value_from_messagepack(event.payload());
  if (!payload) return std::unexpected(payload.error());
  const batpak::Value* path = payload->find("path");
  const std::string* text = path == nullptr ? nullptr : path->if_text();
  if (text == nullptr) return std::unexpected(batpak::Error(batpak::ErrorCode::type_mismatch, "the call has no path"));
  return *text;
}
// [/value]

batpak::Result<void> run(const std::string& directory) {
  auto store = batpak::Store::open(directory);
  if (!store) return std::unexpected(store.error());
  const auto stored = record(*store, "write_file", R"({"path": "notes.txt", "bytes": {"$bytes": "aGk="}})");
  if (!stored) return std::unexpected(stored.error());
  std::cout << *stored << '\n';
  auto calls = store->stream("tool:write_file");
  if (!calls) return std::unexpected(calls.error());
  for (const batpak::Result<batpak::EventView>& call : *calls) {
    if (!call) return std::unexpected(call.error());
    const auto path = path_of(*call);
    if (!path) return std::unexpected(path.error());
    std::cout << call->kind_name() << " wrote " << *path << '\n';
  }
  return store->close();
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "agent.batpak");
  if (!done) {
    std::cerr << "json_events: " << done.error() << '\n';
    return 1;
  }
}
