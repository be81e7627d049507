#include <fmt/core.h>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "output.hpp"
#include "receipt_text.hpp"
#include "store_opening.hpp"

namespace batpak::cli {

ExitCode run(const HeadsArguments& arguments) {
  Result<Store> store = open_to_write(arguments.directory, arguments.signing, arguments.witness);
  if (!store) return complain(store.error());
  const Result<Receipt> receipt = store->declare_heads();
  if (!receipt) return complain(receipt.error());
  if (!receipt->checkpoint)
    remark("the store has no key: the heads are declared, and nothing can be proven of them to others");
  const std::string done = fmt::format("the declaration is in the log as number {}", receipt->sequence);
  Output output;
  output.did(done);
  output.write(arguments.format == Format::json ? receipt_json(*receipt, "batpak.heads") + '\n'
                                                : receipt_description(*receipt, output));
  output.flush();
  if (const ExitCode closed = close(*store, arguments.witness, done); closed != ExitCode::fine) return closed;
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
