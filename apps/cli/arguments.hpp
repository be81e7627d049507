// What the command line asked for, one struct for each command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "batpak/store.hpp"

namespace batpak::cli {

enum class Format : std::uint8_t {
  table,  // for people
  json,   // one object a line
};

// How a store is opened for writing.
struct SigningArguments {
  enum class Sign : std::uint8_t { each_commit, each_event };
  enum class FirstKey : std::uint8_t { refuse, declare };
  std::string key_file;
  Sign sign = Sign::each_commit;
  FirstKey first_key = FirstKey::refuse;  // what becomes of a store that has none
  std::string recovery_key;               // public, as TrustArguments::key; declared with the first key
};

// A memory of the log outside of the store.
struct WitnessArguments {
  std::string file;  // empty: none
  WitnessFile::Persist persist = WitnessFile::Persist::soon;
  WitnessFile::WhenMissing when_missing = WitnessFile::WhenMissing::refuse;
  WitnessFile::WhenNotExtended when_not_extended = WitnessFile::WhenNotExtended::refuse;
};

// What a store is verified against.
struct TrustArguments {
  std::string key;  // a verifier key, a public key in hexadecimal, or a file with either or with a signing key
  std::vector<std::string> against;  // files of what was kept outside
};

// What a store is made with.
struct NewStoreArguments {
  std::string origin;
  SigningArguments signing;
  WitnessArguments witness;
};

struct InitArguments : NewStoreArguments {
  std::string directory;
  Format format = Format::table;
};

struct AppendArguments {
  enum class Sync : std::uint8_t { durable, buffered };
  std::string directory;
  std::optional<std::string> entity;
  std::optional<std::string> scope;
  std::optional<std::string> kind;
  std::optional<std::string> payload;  // JSON; absent or "-" means lines from standard input
  std::optional<std::string> correlation;
  std::optional<std::string> causation;
  std::vector<std::string> metadata;  // name=text or name:=JSON
  std::uint32_t batch = 1;            // events a commit, from standard input
  Sync sync = Sync::durable;
  SigningArguments signing;
  WitnessArguments witness;
  Format format = Format::table;
};

struct ImportArguments {
  std::string directory;
  std::string file;
  std::uint32_t batch = 1000;
  std::uint64_t from_line = 1;
  SigningArguments signing;
  WitnessArguments witness;
  Format format = Format::table;
};

struct GetArguments {
  std::string directory;
  std::string event;  // an event id or a sequence
  Format format = Format::table;
};

struct LogArguments {
  enum class Own : std::uint8_t { leave_out, include };
  enum class End : std::uint8_t { stop, follow };
  std::string directory;
  std::optional<std::uint64_t> from;
  std::string entity;  // with a trailing *: a prefix
  std::string scope;
  std::string kind;
  std::optional<std::uint64_t> limit;
  Own own = Own::leave_out;
  End end = End::stop;
  Format format = Format::table;
};

struct HistoryArguments {
  std::string directory;
  std::string entity;
  std::optional<std::uint64_t> limit;
  Format format = Format::table;
};

struct VerifyArguments {
  std::string directory;
  TrustArguments trust;
  unsigned threads = 0;
  Format format = Format::table;
};

struct AuditArguments {
  std::string directory;
  TrustArguments trust;
  std::string html;  // the report's file; empty for none
  unsigned threads = 0;
  Format format = Format::table;
};

struct SalvageArguments : NewStoreArguments {
  std::string source;
  std::string destination;
  Format format = Format::table;
};

struct CheckpointArguments {
  std::string directory;
  Format format = Format::table;
};

struct ProveInclusionArguments {
  std::string directory;
  std::string event;  // an event id or a sequence
  Store::Show show = Store::Show::fields;
  Format format = Format::table;
};

struct ProveConsistencyArguments {
  std::string directory;
  std::string old;  // a size, or the file of a checkpoint, receipt or witness file
  Format format = Format::table;
};

struct ProveCompleteArguments {
  std::string directory;
  std::string entity;
  Store::Show show = Store::Show::fields;
  Format format = Format::table;
};

struct ProveAbsentArguments {
  std::string directory;
  std::string entity;
  Format format = Format::table;
};

struct HeadsArguments {
  std::string directory;
  SigningArguments signing;
  WitnessArguments witness;
  Format format = Format::table;
};

struct ReceiptVerifyArguments {
  std::string file;    // - for standard input
  std::string key;     // as TrustArguments::key
  std::string keys;    // a file with a key chain
  std::string policy;  // a file
  std::string old;     // a file with the older checkpoint that a consistency proof goes on from
  Format format = Format::table;
};

struct TypesArguments {
  std::string directory;
  Format format = Format::table;
};

struct StatArguments {
  std::string directory;
  Format format = Format::table;
};

struct KeyNewArguments {
  std::string file;
  std::string name;
  Format format = Format::table;
};

struct KeyShowArguments {
  std::string file;
  std::string name;
  std::string store;
  Format format = Format::table;
};

struct KeyRotateArguments {
  std::string directory;
  std::string key_file;
  std::string new_key_file;
  WitnessArguments witness;
  Format format = Format::table;
};

struct KeyRevokeArguments {
  std::string directory;
  std::string recovery_key_file;
  std::string key_file;     // the successor's
  std::string revoked_key;  // as TrustArguments::key; empty: the one in force
  std::optional<std::uint64_t> from;
  WitnessArguments witness;
  Format format = Format::table;
};

struct KeyHistoryArguments {
  std::string directory;
  Format format = Format::table;
};

struct KeyChainArguments {
  std::string directory;
  Format format = Format::table;
};

using Command = std::variant<InitArguments, AppendArguments, ImportArguments, GetArguments, LogArguments, HistoryArguments,
                             VerifyArguments, AuditArguments, SalvageArguments, CheckpointArguments, ProveInclusionArguments,
                             ProveConsistencyArguments, ProveCompleteArguments, ProveAbsentArguments, HeadsArguments,
                             ReceiptVerifyArguments, TypesArguments, StatArguments, KeyNewArguments, KeyShowArguments,
                             KeyRotateArguments, KeyRevokeArguments, KeyHistoryArguments, KeyChainArguments>;

}  // namespace batpak::cli
