#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_argument.hpp"
#include "event_text.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
ExitCode run(const GetArguments& arguments) {
  Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::show);
  if (!store) return complain(store.error());
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  const Result<EventView> event = find_event(*snapshot, arguments.event);
  if (!event) {
    const ExitCode code = complain(event.error());
    return event.error().code == ErrorCode::corrupt ? ExitCode::finding : code;  // as for the others that read events
  }
  Output output;
  if (arguments.format == Format::json) {
    output.line(event_json(*event, snapshot->durable_size()));
  } else {
    output.write(event_description(*event, snapshot->durable_size(), output));
  }
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
