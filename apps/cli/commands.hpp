// The commands. Each prints its answer on standard output and what went wrong on standard error.
#pragma once

#include "arguments.hpp"
#include "exit_code.hpp"

namespace batpak::cli {

ExitCode run(const InitArguments& arguments);
ExitCode run(const AppendArguments& arguments);
ExitCode run(const ImportArguments& arguments);
ExitCode run(const GetArguments& arguments);
ExitCode run(const LogArguments& arguments);
ExitCode run(const HistoryArguments& arguments);
ExitCode run(const VerifyArguments& arguments);
ExitCode run(const AuditArguments& arguments);
ExitCode run(const SalvageArguments& arguments);
ExitCode run(const CheckpointArguments& arguments);
ExitCode run(const ProveInclusionArguments& arguments);
ExitCode run(const ProveConsistencyArguments& arguments);
ExitCode run(const ProveCompleteArguments& arguments);
ExitCode run(const ProveAbsentArguments& arguments);
ExitCode run(const HeadsArguments& arguments);
ExitCode run(const ReceiptVerifyArguments& arguments);
ExitCode run(const TypesArguments& arguments);
ExitCode run(const StatArguments& arguments);
ExitCode run(const KeyNewArguments& arguments);
ExitCode run(const KeyShowArguments& arguments);
ExitCode run(const KeyRotateArguments& arguments);
ExitCode run(const KeyRevokeArguments& arguments);
ExitCode run(const KeyHistoryArguments& arguments);
ExitCode run(const KeyChainArguments& arguments);

}  // namespace batpak::cli
