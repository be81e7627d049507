#include <string>

#include "audit/directory_check.hpp"
#include "base/try.hpp"
#include "batpak/verify.hpp"
#include "platform/clock.hpp"
#include "platform/posix_fs.hpp"

namespace batpak {

Result<VerifyReport> verify_directory(const std::string& path, const VerifyOptions& options) {
  if (options.threads > VerifyOptions::threads_max) {
    return base::fail(ErrorCode::invalid_argument,
                      "verifying takes at most " + std::to_string(VerifyOptions::threads_max) + " threads");
  }
  platform::Clock& clock = platform::system_clock();
  const std::chrono::nanoseconds start = clock.monotonic();
  platform::FileSystem& files = options.file_system != nullptr ? *options.file_system : platform::posix_file_system();
  BATPAK_TRY(const auto directory, files.open_directory(path));
  audit::DirectoryCheck check(*directory, options);
  BATPAK_TRY(VerifyReport report, check.run());
  report.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(clock.monotonic() - start);
  return report;
}

}  // namespace batpak
