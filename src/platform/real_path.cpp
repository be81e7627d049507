#include "platform/real_path.hpp"

#include <filesystem>

#include "base/try.hpp"

namespace batpak::platform {
namespace {

namespace fs = std::filesystem;

constexpr int links_max = 40;  // as the system follows them

std::unexpected<Error> refuse(const std::error_code& why, const std::string& path) {
  ErrorCode code = ErrorCode::io_error;
  if (why == std::errc::no_such_file_or_directory || why == std::errc::not_a_directory) code = ErrorCode::no_such_directory;
  if (why == std::errc::too_many_symbolic_link_levels) code = ErrorCode::invalid_argument;
  if (why == std::errc::permission_denied) code = ErrorCode::permission_denied;
  return base::fail(Error(code, "the path cannot be followed: " + why.message()).at_path(path));
}

}  // namespace

Result<std::string> real_path(const std::string& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  if (error) return refuse(error, path);
  for (int links = 0; fs::is_symlink(fs::symlink_status(at, error)); ++links) {
    if (links == links_max) return refuse(std::make_error_code(std::errc::too_many_symbolic_link_levels), path);
    const fs::path target = fs::read_symlink(at, error);
    if (error) return refuse(error, path);
    at = at.parent_path() / target;  // an absolute one replaces all
  }
  const fs::path parent = fs::canonical(at.has_filename() ? at.parent_path() : at, error);
  if (error) return refuse(error, path);
  return (at.has_filename() ? parent / at.filename() : parent).string();
}

}  // namespace batpak::platform
