// Rows in aligned columns.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "output.hpp"

namespace batpak::cli {

// The widths are those of the first rows; later ones that need more push their line out. On a terminal the last column is cut
// to what the line has left.
//
// Owner: must not outlive the Output. Threads: one.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    // On a terminal: longer cells are shortened to the most, and further towards the least where the line is full. The last
    // column gets what the line has left.
    std::size_t columns_max = 64;
    std::size_t columns_min = 8;
    Style style = Style::plain;
  };

  Table(Output& output, std::vector<Column> columns);

  // One cell for each column; anything may be in them.
  void add(std::vector<std::string> cells);
  // Prints what is held back to find the widths. Nothing where there was no row.
  void flush();

 private:
  void decide_widths();
  void fit_terminal();
  void print(const std::vector<std::string>& cells, const std::vector<Style>& styles);

  Output& output_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;  // empty until decided
  std::vector<std::vector<std::string>> held_;
};

}  // namespace batpak::cli
