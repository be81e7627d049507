#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_opening.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

std::string type_json(const DeclaredType& type) {
  std::vector<std::string> fields;
  fields.reserve(type.fields.size());
  for (const DeclaredType::Field& field : type.fields) {
    fields.push_back(JsonObject().text("name", field.name).text("type", field.type).finish());
  }
  JsonObject object;
  object.text("name", type.name).text("kind_number", to_string(EventKind::from_value(type.kind)));
  return object.number("version", type.version).array("fields", fields).number("sequence", type.sequence).finish();
}

std::string fields_text(const DeclaredType& type) {
  if (type.fields.empty()) return "any JSON";
  std::string text;
  for (const DeclaredType::Field& field : type.fields) {
    if (!text.empty()) text += ", ";
    text += field.name + ' ' + field.type;
  }
  return text;
}

}  // namespace

ExitCode run(const TypesArguments& arguments) {
  Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  Output output;
  Table table(output, {{.title = "NAME", .style = Style::blue},
                       {.title = "KIND"},
                       {.title = "VERSION", .align = Table::Align::right},
                       {.title = "DECLARED AT", .align = Table::Align::right, .style = Style::dim},
                       {.title = "FIELDS"}});
  for (const DeclaredType& type : store->types()) {
    if (arguments.format == Format::json) {
      output.line(type_json(type));
    } else {
      table.add({type.name, to_string(EventKind::from_value(type.kind)), std::to_string(type.version),
                 std::to_string(type.sequence), fields_text(type)});
    }
  }
  table.flush();
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
