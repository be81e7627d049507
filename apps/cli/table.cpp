#include "table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "display_text.hpp"

namespace batpak::cli {
namespace {

constexpr std::size_t rows_held_max = 200;
constexpr std::size_t last_columns_min = 16;  // what the last column has, as long as others have columns to spare
constexpr std::string_view gap = "  ";

}  // namespace

Table::Table(Output& output, std::vector<Column> columns) : output_(output), columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  if (widths_.empty()) {
    held_.push_back(std::move(cells));
    if (held_.size() >= rows_held_max) flush();
    return;
  }
  std::vector<Style> styles;
  styles.reserve(columns_.size());
  for (const Column& column : columns_) styles.push_back(column.style);
  print(cells, styles);
}

void Table::flush() {
  if (held_.empty()) return;
  decide_widths();
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.push_back(column.title);
  print(titles, std::vector<Style>(columns_.size(), Style::bold));
  for (std::vector<std::string>& cells : std::exchange(held_, {})) add(std::move(cells));
}

void Table::decide_widths() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_of(columns_[i].title);
    for (const std::vector<std::string>& cells : held_) width = std::max(width, columns_of(cells[i]));
    widths_.push_back(width);
  }
  if (output_.terminal().columns > 0) fit_terminal();
}

void Table::fit_terminal() {
  const std::size_t last = columns_.size() - 1;
  for (std::size_t i = 0; i < last; ++i) widths_[i] = std::min(widths_[i], columns_[i].columns_max);
  const auto used = [&] { return std::accumulate(widths_.begin(), widths_.end() - 1, last * gap.size()); };
  // The column that has most to spare gives first.
  const auto spare = [&](std::size_t i) { return widths_[i] - std::min(widths_[i], columns_[i].columns_min); };
  while (used() + last_columns_min > output_.terminal().columns) {
    std::size_t widest = 0;
    for (std::size_t i = 1; i < last; ++i) {
      if (spare(i) > spare(widest)) widest = i;
    }
    if (spare(widest) == 0) break;
    --widths_[widest];
  }
  widths_[last] = output_.terminal().columns > used() ? output_.terminal().columns - used() : 1;
}

void Table::print(const std::vector<std::string>& cells, const std::vector<Style>& styles) {
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool is_last = i + 1 == columns_.size();
    const std::string cell = output_.terminal().columns > 0 ? shortened(cells[i], widths_[i]) : cells[i];
    const std::size_t columns = columns_of(cell);
    const std::string padding(columns < widths_[i] ? widths_[i] - columns : 0, ' ');
    if (columns_[i].align == Align::right) line += padding;
    line += output_.paint(styles[i], cell);
    if (columns_[i].align == Align::left && !is_last) line += padding;
    if (!is_last) line += gap;
  }
  // Empty cells at the end leave blanks behind.
  line.erase(line.find_last_not_of(' ') + 1);
  output_.line(line);
}

}  // namespace batpak::cli
