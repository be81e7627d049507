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
  Output output;
  output.write(arguments.format == Format::json ? receipt_json(*receipt, "batpak.heads") + '\n'
                                                : receipt_description(*receipt, output));
  output.flush();
  if (Result<void> closed = store->close(); !closed) return complain(closed.error());
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
