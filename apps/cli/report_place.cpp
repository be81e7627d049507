#include "report_place.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "audit_report.hpp"
#include "file_failure.hpp"
#include "store_around.hpp"

namespace batpak::cli {
namespace {

namespace fs = std::filesystem;

// Where writing to the path ends up: links are followed, and the last part need not be there.
fs::path real_path(fs::path path) {
  constexpr int links_max = 40;  // as the system follows them
  std::error_code error;
  for (int links = 0; links < links_max && fs::is_symlink(fs::symlink_status(path, error)); ++links) {
    path = fs::absolute(path, error).parent_path() / fs::read_symlink(path, error);  // an absolute target replaces all
  }
  return fs::weakly_canonical(fs::absolute(path, error), error);
}

bool lies_in(const fs::path& place, const fs::path& directory) {
  std::error_code unknown;
  for (fs::path above = place; above.has_relative_path(); above = above.parent_path()) {
    if (fs::equivalent(above, directory, unknown)) return true;
  }
  return false;
}

std::unexpected<Error> refuse(std::string why, const std::string& path) {
  return std::unexpected(Error(ErrorCode::invalid_argument, std::move(why)).at_path(path));
}

// No more bytes than tell a report from anything else; the file may be of any length.
Result<std::string> beginning_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(file_failure(errno, "the file that stands there cannot be opened", path));
  std::string beginning(audit_page_beginning.size(), '\0');
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  if (file.bad()) return std::unexpected(file_failure(errno, "the file that stands there cannot be read", path));
  beginning.resize(static_cast<std::size_t>(file.gcount()));
  return beginning;
}

// What somebody may have named by mistake.
std::string_view what_begins_with(std::string_view beginning) {
  if (beginning.empty()) return "an empty file";
  if (beginning.starts_with("-----BEGIN PRIVATE KEY-----")) return "a private key";
  if (beginning.starts_with("batpak-witness@")) return "a witness file";
  if (beginning.starts_with("batpak-key-chain@")) return "a chain of keys";
  if (beginning.starts_with("c2sp.org/tlog-proof@")) return "a receipt";
  return "a file that is no report of an audit";
}

// Nothing, or an earlier report that may be written. Asked by the path as it was given, which the system can follow further than
// we do: to the pipe behind /dev/stdout.
Result<void> check_what_stands(const std::string& path) {
  std::error_code unknown;
  const fs::file_status status = fs::status(path, unknown);
  if (!fs::exists(status)) return {};
  if (status.type() == fs::file_type::directory) return refuse("this is a directory, and the report is one file", path);
  if (status.type() != fs::file_type::regular) return refuse("this is not a regular file, and the report is one", path);
  const Result<std::string> beginning = beginning_of(path);
  if (!beginning) return std::unexpected(beginning.error());
  if (*beginning != audit_page_beginning) {
    return refuse(fmt::format("{} stands there, which no report replaces", what_begins_with(*beginning)), path);
  }
  if (::access(path.c_str(), W_OK) == 0) return {};
  return std::unexpected(file_failure(errno, "the report that stands there may not be replaced", path));
}

Result<void> check_directory(const fs::path& directory, const std::string& path) {
  std::error_code unknown;
  if (!fs::is_directory(directory, unknown)) {
    return std::unexpected(
        Error(ErrorCode::no_such_directory, "there is no directory to write the report to").at_path(path));
  }
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return std::unexpected(file_failure(errno, "no file can be made in this place", path));
}

}  // namespace

Result<std::string> place_of_report(const std::string& path, const std::string& directory) {
  const fs::path report = real_path(path);
  if (lies_in(report, directory)) return refuse("the report would be written into the store's directory", path);
  if (const auto store = store_around(report.string())) {
    return refuse("the report would be written into the directory of a store, " + *store, path);
  }
  if (auto free = check_what_stands(path); !free) return std::unexpected(std::move(free).error());
  if (auto open = check_directory(report.parent_path(), path); !open) return std::unexpected(std::move(open).error());
  return report.string();
}

}  // namespace batpak::cli
