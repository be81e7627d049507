#include "command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "batpak/verify.hpp"
#include "batpak/version.hpp"
#include "complaint.hpp"

namespace batpak::cli {
namespace {

// Digits that 64 bits hold: more would become another number, and so would a sign.
CLI::Validator whole_number() {
  const auto what_is_wrong = [](const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return std::string();
    return text + " is no whole number from 0 to " + std::to_string(std::numeric_limits<std::uint64_t>::max());
  };
  return {what_is_wrong, "", ""};
}

// What all commands have in common; `arguments` must outlive the parsing.
template <class Arguments>
class CommandForm {
 public:
  CommandForm(CLI::App& parent, const std::string& name, const std::string& does, const std::string& examples,
              std::function<void(Command)> chosen)
      : app_(*parent.add_subcommand(name, does)->group("Commands")), arguments_(std::make_shared<Arguments>()) {
    app_.footer("Examples:\n" + examples);
    app_.add_flag_callback(
        "--json", [arguments = arguments_] { arguments->format = Format::json; }, "Print JSON, one object a line");
    app_.final_callback([arguments = arguments_, chosen = std::move(chosen)] { chosen(Command(*arguments)); });
  }

  template <class T>
  CLI::Option* option(const std::string& names, T Arguments::* member, const std::string& says) {
    CLI::Option* option = app_.add_option(names, (*arguments_).*member, says);
    if constexpr (std::is_same_v<T, std::uint64_t> || std::is_same_v<T, std::optional<std::uint64_t>>) {
      option->check(whole_number());
    }
    return option;
  }
  template <class T>
  CLI::Option* operand(const std::string& name, T Arguments::* member, const std::string& says) {
    return option(name, member, says)->required()->type_name("");
  }
  template <class T>
  void flag(const std::string& names, T Arguments::* member, T value, const std::string& says) {
    app_.add_flag_callback(names, [arguments = arguments_, member, value] { (*arguments).*member = value; }, says);
  }

  void directory() { operand("DIR", &Arguments::directory, "The store"); }

  void threads() {
    app_.add_option("--threads", arguments_->threads, "Threads to use; by default all cores")
        ->check(CLI::Range(0U, VerifyOptions::threads_max))
        ->type_name("N");
  }

  void trust() {
    app_.add_option("--key", arguments_->trust.key, "Check signatures with this public key, or with that in a file")
        ->type_name("KEY");
    app_.add_option("--against", arguments_->trust.against,
                    "The log must go on from this checkpoint, receipt or witness file; may be repeated")
        ->type_name("FILE")
        ->allow_extra_args(false);
  }

  void witness() {
    WitnessArguments& witness = arguments_->witness;
    CLI::Option* file =
        app_.add_option("--witness", witness.file, "A file kept elsewhere that notices a log that was put back")
            ->type_name("FILE");
    const auto choice = [&](const std::string& name, auto& member, auto value, const std::string& says) {
      // The arguments live as long as the parsing.
      app_.add_flag_callback(name, [&member, value] { member = value; }, says)->needs(file);
    };
    choice("--witness-create", witness.when_missing, WitnessFile::WhenMissing::create, "Make it where it is missing");
    choice("--witness-strict", witness.persist, WitnessFile::Persist::before_acknowledgement,
           "Write it before each receipt is given");
    choice("--accept-restore", witness.when_not_extended, WitnessFile::WhenNotExtended::accept_restore,
           "Take the log as it is though it was put back, and say so in it");
  }

  void new_store() {
    app_.add_option("--origin", arguments_->origin, "Names the log in checkpoints for ever")->type_name("NAME");
    app_.add_option("--recovery-key", arguments_->signing.recovery_key,
                    "The public half of the key that alone can revoke the store's, or a file that holds it")
        ->type_name("KEY");
    signing();
    witness();
  }

  void signing() {
    app_.add_option("--key-file", arguments_->signing.key_file, "The store's signing key (batpak key new makes one)")
        ->type_name("FILE");
    app_.add_flag_callback(
        "--sign-events", [arguments = arguments_] { arguments->signing.sign = SigningArguments::Sign::each_event; },
        "Sign each event too, not only each commit");
  }

  // For a store that was made without one.
  void first_key() {
    SigningArguments& signing = arguments_->signing;
    CLI::Option* first = app_.add_flag_callback(
                                 "--first-key", [&signing] { signing.first_key = SigningArguments::FirstKey::declare; },
                                 "Give the store, which has no key yet, this one for good")
                             ->needs("--key-file");
    app_.add_option("--recovery-key", signing.recovery_key,
                    "With --first-key: the public half of the key that alone can revoke it, or a file that holds it")
        ->type_name("KEY")
        ->needs(first);
  }

 private:
  CLI::App& app_;
  std::shared_ptr<Arguments> arguments_;
};

using Chosen = std::function<void(Command)>;

void add_init(CLI::App& app, const Chosen& chosen) {
  CommandForm<InitArguments> form(app, "init", "Make a new store",
                                  "  batpak init audit\n"
                                  "  batpak init audit --origin example.com/audit --key-file audit.key\n"
                                  "  batpak init audit --key-file audit.key --recovery-key recovery.pub",
                                  chosen);
  form.operand("DIR", &InitArguments::directory, "The new directory");
  form.new_store();
}

void add_append(CLI::App& app, const Chosen& chosen) {
  CommandForm<AppendArguments> form(
      app, "append", "Append an event, or one for each line of standard input, and print receipts",
      "  batpak append audit --entity order:7 --scope shop --kind order.paid '{\"cents\":1999}'\n"
      "  batpak append audit --entity order:7 --scope shop --kind order.paid --meta by=alice --meta try:=2 '{}'\n"
      "  tail -f orders.jsonl | batpak append audit --json        each line: "
      "{\"entity\":…,\"scope\":…,\"kind\":…,\"payload\":…}\n"
      "  sensor | batpak append audit --entity probe:1 --scope lab --kind probe.read --batch 100      each line: a payload",
      chosen);
  form.directory();
  form.option("JSON,--payload", &AppendArguments::payload, "The payload; - or none: lines from standard input");
  form.option("--entity", &AppendArguments::entity, "Names the stream")->type_name("NAME");
  form.option("--scope", &AppendArguments::scope, "The context it happened in")->type_name("NAME");
  form.option("--kind", &AppendArguments::kind, "What happened")->type_name("NAME");
  form.option("--correlation", &AppendArguments::correlation, "The story it belongs to: 32 hexadecimal digits")
      ->type_name("ID");
  form.option("--causation", &AppendArguments::causation, "The event it follows from")->type_name("ID");
  form.option("--meta", &AppendArguments::metadata, "Metadata: NAME=TEXT or NAME:=JSON; may be repeated")
      ->type_name("NAME=TEXT")
      ->allow_extra_args(false);
  form.option("--batch", &AppendArguments::batch, "Events a commit, from standard input")
      ->check(CLI::Range(1U, 1U << 20U))
      ->capture_default_str()
      ->type_name("N");
  form.flag("--buffered", &AppendArguments::sync, AppendArguments::Sync::buffered,
            "Give receipts before the events are on the device");
  form.signing();
  form.first_key();
  form.witness();
}

void add_import(CLI::App& app, const Chosen& chosen) {
  CommandForm<ImportArguments> form(
      app, "import", "Append the events of a JSON Lines file, plain or gzip",
      "  batpak import audit history.jsonl.gz\n"
      "  batpak import audit history.jsonl.gz        again: goes on where the last one stopped\n"
      "  batpak import audit mended.jsonl --from-line 42",
      chosen);
  form.directory();
  form.operand("FILE", &ImportArguments::file, "One event a line; see batpak(1)");
  form.option("--batch", &ImportArguments::batch, "Events a commit")
      ->check(CLI::Range(1U, 1U << 20U))
      ->capture_default_str()
      ->type_name("N");
  form.option("--from-line", &ImportArguments::from_line, "Leave out the lines before this one")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  form.signing();
  form.first_key();
  form.witness();
}

void add_get(CLI::App& app, const Chosen& chosen) {
  CommandForm<GetArguments> form(app, "get", "Show one event",
                                 "  batpak get audit 12\n"
                                 "  batpak get audit 01890a5d-ac96-774b-bcce-b302099a8057 --json | jq .payload",
                                 chosen);
  form.directory();
  form.operand("EVENT", &GetArguments::event, "An event id or a sequence");
}

void add_log(CLI::App& app, const Chosen& chosen) {
  CommandForm<LogArguments> form(app, "log", "List events, the newest first",
                                 "  batpak log audit --limit 20\n"
                                 "  batpak log audit --entity 'order:*' --kind order.paid\n"
                                 "  batpak log audit --from 0 --json | jq -c .payload\n"
                                 "  batpak log audit --follow",
                                 chosen);
  form.directory();
  form.option("--from", &LogArguments::from, "Begin at this sequence and go forwards")->type_name("SEQUENCE");
  form.option("--entity", &LogArguments::entity, "Only this entity; a trailing * makes it a prefix")->type_name("NAME");
  form.option("--scope", &LogArguments::scope, "Only this scope")->type_name("NAME");
  form.option("--kind", &LogArguments::kind, "Only this kind, by name or number (f:001)")->type_name("KIND");
  form.option("--limit", &LogArguments::limit, "Stop after so many events")->type_name("N");
  form.flag("--all", &LogArguments::own, LogArguments::Own::include, "Show the store's own events too");
  form.flag("-f,--follow", &LogArguments::end, LogArguments::End::follow, "Go on with what a writer appends");
}

void add_history(CLI::App& app, const Chosen& chosen) {
  CommandForm<HistoryArguments> form(app, "history", "Draw the chain of one entity's events, the newest first",
                                     "  batpak history audit order:7\n"
                                     "  batpak history audit order:7 --limit 5",
                                     chosen);
  form.directory();
  form.operand("ENTITY", &HistoryArguments::entity, "Names the stream");
  form.option("--limit", &HistoryArguments::limit, "Stop after so many events")->type_name("N");
}

void add_verify(CLI::App& app, const Chosen& chosen) {
  CommandForm<VerifyArguments> form(app, "verify", "Recompute everything from the bytes and list what is wrong",
                                    "  batpak verify audit\n"
                                    "  batpak verify audit --key audit.pub\n"
                                    "  batpak verify audit --against audit.checkpoint --against event.tlog-proof\n"
                                    "  batpak verify audit --json | jq -r 'select(.type == \"finding\") | .path'",
                                    chosen);
  form.directory();
  form.trust();
  form.threads();
}

void add_audit(CLI::App& app, const Chosen& chosen) {
  CommandForm<AuditArguments> form(app, "audit", "Verify a store and write a report for those who were not there",
                                   "  batpak audit audit --key audit.pub --against audit.checkpoint --html report.html\n"
                                   "  batpak audit audit --key audit.pub --json > report.json",
                                   chosen);
  form.directory();
  form.trust();
  form.option("--html", &AuditArguments::html, "Write the report as one page that needs nothing else")->type_name("FILE");
  form.threads();
}

void add_salvage(CLI::App& app, const Chosen& chosen) {
  CommandForm<SalvageArguments> form(
      app, "salvage", "Go on after damage: copy what is whole into a new store",
      "  batpak salvage audit audit-salvaged\n"
      "  batpak salvage audit audit-salvaged --key-file audit.key --recovery-key recovery.pub",
      chosen);
  form.operand("DIR", &SalvageArguments::source, "The damaged store, which stays as it is");
  form.operand("NEW", &SalvageArguments::destination, "The new store");
  form.new_store();
}

void add_checkpoint(CLI::App& app, const Chosen& chosen) {
  CommandForm<CheckpointArguments> form(app, "checkpoint", "Print the newest checkpoint, which others may keep",
                                        "  batpak checkpoint audit > audit.checkpoint\n"
                                        "  batpak checkpoint audit --json | jq .size",
                                        chosen);
  form.directory();
}

void add_prove(CLI::App& app, const Chosen& chosen) {
  CLI::App& prove = *app.add_subcommand("prove", "Print proofs that others check without the store")->group("Commands");
  prove.require_subcommand(1);
  prove.footer(
      "Examples:\n  batpak prove inclusion audit 12 > event.tlog-proof\n  batpak prove consistency audit 1000\n"
      "  batpak prove complete audit order:7 > order.stream-proof\n  batpak prove absent audit order:8");
  CommandForm<ProveInclusionArguments> inclusion(prove, "inclusion", "That the log holds an event: a receipt for strangers",
                                                 "  batpak prove inclusion audit 12 > event.tlog-proof\n"
                                                 "  batpak prove inclusion audit 12 --content | batpak receipt verify - "
                                                 "--key audit.pub",
                                                 chosen);
  inclusion.directory();
  inclusion.operand("EVENT", &ProveInclusionArguments::event, "An event id or a sequence");
  inclusion.flag("--content", &ProveInclusionArguments::show, Store::Show::content, "Show the payload and the metadata too");
  CommandForm<ProveConsistencyArguments> consistency(prove, "consistency", "That the log goes on from an earlier checkpoint",
                                                     "  batpak prove consistency audit 1000\n"
                                                     "  batpak prove consistency audit monday.checkpoint",
                                                     chosen);
  consistency.directory();
  consistency.operand("OLD", &ProveConsistencyArguments::old,
                      "The size of the earlier checkpoint, or the file of it, of a receipt or a witness file");
  CommandForm<ProveCompleteArguments> complete(
      prove, "complete", "That these are all events of an entity, as the newest declaration of heads has it",
      "  batpak heads audit --key-file audit.key\n"
      "  batpak prove complete audit order:7 --content > order.stream-proof\n"
      "  batpak receipt verify order.stream-proof --key audit.pub",
      chosen);
  complete.directory();
  complete.operand("ENTITY", &ProveCompleteArguments::entity, "Names the streams");
  complete.flag("--content", &ProveCompleteArguments::show, Store::Show::content, "Show the payloads and the metadata too");
  CommandForm<ProveAbsentArguments> absent(prove, "absent",
                                           "That an entity has no events, as the newest declaration of heads has it",
                                           "  batpak prove absent audit order:8 > order.stream-proof", chosen);
  absent.directory();
  absent.operand("ENTITY", &ProveAbsentArguments::entity, "Names the streams");
}

void add_heads(CLI::App& app, const Chosen& chosen) {
  CommandForm<HeadsArguments> form(app, "heads",
                                   "Declare the last event of every stream, for proofs that nothing was left out",
                                   "  batpak heads audit --key-file audit.key", chosen);
  form.directory();
  form.signing();
  form.first_key();
  form.witness();
}

void add_receipt(CLI::App& app, const Chosen& chosen) {
  CLI::App& receipt = *app.add_subcommand("receipt", "Check receipts without the store")->group("Commands");
  receipt.require_subcommand(1);
  receipt.footer("Examples:\n  batpak receipt verify event.tlog-proof --key audit.pub");
  CommandForm<ReceiptVerifyArguments> verify(
      receipt, "verify", "Say what a receipt, or another proof, proves",
      "  batpak receipt verify event.tlog-proof --key audit.pub\n"
      "  batpak receipt verify event.tlog-proof --key audit.pub --keys audit.keys\n"
      "  batpak receipt verify event.tlog-proof --policy trusted.policy --json\n"
      "  batpak receipt verify consistency.proof --old monday.checkpoint --key audit.pub",
      chosen);
  verify.operand("FILE", &ReceiptVerifyArguments::file, "The receipt or proof; - for standard input");
  CLI::Option* key = verify.option("--key", &ReceiptVerifyArguments::key, "The log's public key, or a file that holds it")
                         ->type_name("KEY");
  verify.option("--keys", &ReceiptVerifyArguments::keys, "The chain of keys that leads on from that one (batpak key chain)")
      ->type_name("FILE")
      ->needs(key);
  verify.option("--policy", &ReceiptVerifyArguments::policy, "The logs and witnesses to trust (C2SP tlog-policy)")
      ->type_name("FILE")
      ->excludes(key);
  verify.option("--old", &ReceiptVerifyArguments::old, "The older checkpoint, which a consistency proof must go on from")
      ->type_name("FILE");
}

void add_types(CLI::App& app, const Chosen& chosen) {
  CommandForm<TypesArguments> form(app, "types", "List the types that the log declares",
                                   "  batpak types audit\n  batpak types audit --json", chosen);
  form.directory();
}

void add_stat(CLI::App& app, const Chosen& chosen) {
  CommandForm<StatArguments> form(app, "stat", "Count and measure a store",
                                  "  batpak stat audit\n  batpak stat audit --json", chosen);
  form.directory();
}

void add_key_changes(CLI::App& key, const Chosen& chosen) {
  CommandForm<KeyRotateArguments> rotate(key, "rotate", "Put a new key in the place of a store's",
                                         "  batpak key rotate audit --key-file audit.key --new-key-file audit-2.key",
                                         chosen);
  rotate.directory();
  rotate.option("--key-file", &KeyRotateArguments::key_file, "The key in force")->type_name("FILE")->required();
  rotate.option("--new-key-file", &KeyRotateArguments::new_key_file, "The new one")->type_name("FILE")->required();
  rotate.witness();
  CommandForm<KeyRevokeArguments> revoke(
      key, "revoke", "Put a new key in the place of one that is lost or leaked, by the recovery key",
      "  batpak key revoke audit --recovery-key-file recovery.key --key-file audit-2.key\n"
      "  batpak key revoke audit --recovery-key-file recovery.key --key-file audit-2.key --from 4711",
      chosen);
  revoke.directory();
  revoke.option("--recovery-key-file", &KeyRevokeArguments::recovery_key_file, "The key that the store was made with")
      ->type_name("FILE")
      ->required();
  revoke.option("--key-file", &KeyRevokeArguments::key_file, "The new key")->type_name("FILE")->required();
  revoke
      .option("--from", &KeyRevokeArguments::from, "What the old key signed from here on does not count; by default the end")
      ->type_name("SEQUENCE");
  revoke.option("--revoked-key", &KeyRevokeArguments::revoked_key, "The key to revoke; by default the one in force")
      ->type_name("KEY");
  revoke.witness();
  CommandForm<KeyHistoryArguments> history(key, "history", "List the keys of a store one after the other",
                                           "  batpak key history audit\n  batpak key history audit --json | jq .from",
                                           chosen);
  history.directory();
  CommandForm<KeyChainArguments> chain(key, "chain", "Print what leads who knows one of a store's keys to the others",
                                       "  batpak key chain audit > audit.keys", chosen);
  chain.directory();
}

void add_key(CLI::App& app, const Chosen& chosen) {
  CLI::App& key = *app.add_subcommand("key", "Make, show and change signing keys")->group("Commands");
  key.require_subcommand(1);
  key.footer(
      "Examples:\n  batpak key new audit.key\n  batpak key show audit.key --store audit\n"
      "  batpak key rotate audit --key-file audit.key --new-key-file audit-2.key\n  batpak key history audit");
  CommandForm<KeyNewArguments> make(key, "new", "Make a signing key and print its public half", "  batpak key new audit.key",
                                    chosen);
  make.operand("FILE", &KeyNewArguments::file, "The new file; it must not exist");
  make.option("--name", &KeyNewArguments::name, "Print the verifier key under this name, the store's origin")
      ->type_name("NAME");
  CommandForm<KeyShowArguments> show(key, "show", "Print the public half of a signing key, for those who verify",
                                     "  batpak key show audit.key --store audit\n"
                                     "  batpak key show audit.key --name example.com/audit",
                                     chosen);
  show.operand("FILE", &KeyShowArguments::file, "The signing key");
  CLI::Option* name =
      show.option("--name", &KeyShowArguments::name, "Print the verifier key under this name")->type_name("NAME");
  show.option("--store", &KeyShowArguments::store, "The same under the origin of this store")
      ->type_name("DIR")
      ->excludes(name);
  add_key_changes(key, chosen);
}

// Every option and operand has to say something: an empty value is what a script passes whose variable is unset or whose $(…)
// failed, and taken for no value it would leave out the very check that was asked for.
void refuse_empty_values(CLI::App& app) {
  const CLI::Validator says_something(
      [](const std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); }, "", "");
  for (CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() > 0) option->transform(says_something);  // before the checks of its own
  }
  for (CLI::App* command : app.get_subcommands(nullptr)) refuse_empty_values(*command);
}

// "--key=", which would otherwise take the argument behind it for its value. Null: there is none.
const char* option_that_ends_with_its_name(int count, const char* const* arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") return nullptr;
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) return arguments[i];
  }
  return nullptr;
}

// "batpak key new", as far as the arguments got.
std::string command_named(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* command : app.get_subcommands()) name += ' ' + command_named(*command);
  return name;
}

// The command as far as the arguments got.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : innermost(*commands.back());
}

}  // namespace

std::expected<Command, ExitCode> parse_command_line(int count, const char* const* arguments) {
  CLI::App app("batpak: an event store in a directory, durable and provable", "batpak");
  app.set_version_flag("--version", "batpak " + std::string(version));
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("REQUIRED", "");
  app.footer(
      "Examples:\n"
      "  batpak init audit\n"
      "  batpak append audit --entity order:7 --scope shop --kind order.paid '{\"cents\":1999}'\n"
      "  batpak log audit\n"
      "  batpak history audit order:7\n"
      "  batpak verify audit\n\n"
      "Exit status: 0 fine, 1 a finding or nothing found, 2 arguments or input not acceptable, 3 could not run.\n"
      "batpak COMMAND --help tells more about each; so does batpak(1).");
  std::optional<Command> command;
  const Chosen chosen = [&](Command parsed) { command = std::move(parsed); };
  add_init(app, chosen);
  add_append(app, chosen);
  add_import(app, chosen);
  add_get(app, chosen);
  add_log(app, chosen);
  add_history(app, chosen);
  add_verify(app, chosen);
  add_audit(app, chosen);
  add_salvage(app, chosen);
  add_checkpoint(app, chosen);
  add_prove(app, chosen);
  add_heads(app, chosen);
  add_receipt(app, chosen);
  add_types(app, chosen);
  add_stat(app, chosen);
  add_key(app, chosen);
  refuse_empty_values(app);
  if (const char* option = option_that_ends_with_its_name(count, arguments)) {
    return std::unexpected(complain_of_usage(std::string(option) + ": the value is empty; see batpak --help"));
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& wanted) {  // --help and --version
    app.exit(wanted);
    return std::unexpected(ExitCode::fine);
  } catch (const CLI::ParseError& error) {
    const CLI::App& met = innermost(app);
    const std::string see = "; see " + command_named(app) + " --help";
    if (!command && !met.get_subcommands(nullptr).empty() && error.get_name() == "RequiredError") {
      const std::vector<std::string> rest = met.remaining();
      return std::unexpected(
          complain_of_usage((rest.empty() ? "a command is missing" : "there is no command " + rest.front()) + see));
    }
    return std::unexpected(complain_of_usage(error.what() + see));
  }
  return std::move(*command);
}

}  // namespace batpak::cli
