#include "file_failure.hpp"

#include <cerrno>
#include <utility>

namespace batpak::cli {
namespace {

ErrorCode code_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case EACCES:
    case EPERM: return ErrorCode::permission_denied;
    case EROFS: return ErrorCode::read_only;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::no_space;  // EFBIG: the limit is the file system's or ulimit's, the remedy is the same
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorCode::out_of_resources;
    default: return ErrorCode::io_error;
  }
}

}  // namespace

Error file_failure(int error_number, std::string sentence, std::string path) {
  return Error(code_of(error_number), std::move(sentence)).at_path(std::move(path)).with_errno(error_number);
}

}  // namespace batpak::cli
