// A receipt as append prints it.
#pragma once

#include <string>
#include <string_view>

#include "batpak/receipt.hpp"
#include "output.hpp"
#include "table.hpp"

namespace batpak::cli {

// One JSON object; batpak(1) documents its members.
[[nodiscard]] std::string receipt_json(const Receipt& receipt, std::string_view kind);

// Over several lines, the signed checkpoint included.
[[nodiscard]] std::string receipt_description(const Receipt& receipt, const Output& output);

// As one line of a table, and the columns of that table.
[[nodiscard]] std::vector<Table::Column> receipt_columns();
[[nodiscard]] std::vector<std::string> receipt_cells(const Receipt& receipt);

}  // namespace batpak::cli
