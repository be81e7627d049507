#include "platform/system_error.hpp"

#include <cerrno>
#include <utility>

namespace batpak::platform {
namespace {

ErrorCode code_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT: return ErrorCode::not_found;
    case ENOTDIR: return ErrorCode::not_a_directory;
    case EACCES:
    case EPERM: return ErrorCode::permission_denied;
    case EROFS: return ErrorCode::read_only;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::no_space;  // EFBIG: the limit is the file system's or ulimit's, the remedy is the same
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorCode::out_of_resources;
    case EOPNOTSUPP:
    case ENOSYS: return ErrorCode::unsupported;
    default: return ErrorCode::io_error;
  }
}

}  // namespace

Error system_error(int error_number, std::string_view action, std::string path) {
  std::string message = "cannot ";
  message += action;
  return Error(code_of(error_number), std::move(message)).at_path(std::move(path)).with_errno(error_number);
}

Error directory_error(int error_number, std::string_view action, std::string path) {
  Error error = system_error(error_number, action, std::move(path));
  if (error.code == ErrorCode::not_found) error.code = ErrorCode::no_such_directory;
  return error;
}

}  // namespace batpak::platform
