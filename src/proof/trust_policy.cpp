#include "batpak/trust_policy.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.hpp"
#include "base/try.hpp"
#include "crypto/named_key.hpp"

namespace batpak {
namespace {

using base::fail;

constexpr std::string_view spaces = " \t";

// The items of a line, between spaces and tabs.
std::vector<std::string_view> items_of(std::string_view line) {
  std::vector<std::string_view> items;
  while (true) {
    const std::size_t begin = line.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return items;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(spaces), line.size());
    items.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

constexpr std::size_t ml_dsa_key_bytes = 1312;

// Whether the key is that of a witness whose cosignatures batpak cannot verify. Keys that have another use are none.
bool is_unknown_cosigner(const crypto::KeyOfAnyType& key) {
  switch (const auto type = static_cast<crypto::SignatureType>(key.type)) {
    case crypto::SignatureType::ed25519:
    case crypto::SignatureType::ecdsa:
    case crypto::SignatureType::cosignature:
    case crypto::SignatureType::tree_head: return false;
    case crypto::SignatureType::ml_dsa_cosignature:
      return key.key.size() == ml_dsa_key_bytes && key.id == crypto::key_id(key.name, type, key.key);
  }
  return true;
}

bool is_allowed(char character) {
  const auto octet = static_cast<unsigned char>(character);
  return octet == '\t' || octet == '\n' || (octet >= 0x20 && octet != 0x7F);
}

}  // namespace

class TrustPolicyParser {
 public:
  Result<TrustPolicy> parse(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return refuse("does not end in a newline");
      BATPAK_CHECK(take(items_of(text.substr(0, end))));
      text.remove_prefix(end + 1);
    }
    if (!has_quorum_) return fail(ErrorCode::malformed, "the policy has no line that says its quorum");
    return std::move(policy_);
  }

 private:
  using Items = std::vector<std::string_view>;

  [[nodiscard]] std::unexpected<Error> refuse(std::string_view why) const { return refuse(ErrorCode::malformed, why); }
  [[nodiscard]] std::unexpected<Error> refuse(ErrorCode code, std::string_view why) const {
    return fail(code, "line " + std::to_string(line_) + " of the policy " + std::string(why));
  }

  Result<void> take(const Items& items) {
    if (items.empty() || items.front().starts_with('#')) return {};
    if (items.front() == "log") return take_log(items);
    if (items.front() == "witness") return take_witness(items);
    if (items.front() == "group") return take_group(items);
    if (items.front() == "quorum") return take_quorum(items);
    return refuse("begins with none of log, witness, group and quorum");
  }

  Result<void> take_log(const Items& items) {
    if (items.size() != 2 && items.size() != 3) return refuse("is not: log <key> [<url>]");
    auto key = VerifierKey::from_string(items[1]);
    if (!key) return refuse(key.error().code, "has a key that is none: " + key.error().message);
    if (!logs_.insert(key->key().bytes()).second) return refuse("names the key of another log again");
    if (logs_.size() > TrustPolicy::names_max) return refuse(ErrorCode::too_large, "is one log too many");
    policy_.logs_.push_back(*std::move(key));
    return {};
  }

  Result<void> take_witness(const Items& items) {
    if (items.size() != 3 && items.size() != 4) return refuse("is not: witness <name> <key> [<url>]");
    TrustPolicy::Member witness{.name = std::string(items[1]), .key = {}, .needed = 1, .members = {}};
    Bytes bytes;
    if (auto unknown = crypto::parse_key_of_any_type(items[2]); unknown && is_unknown_cosigner(*unknown)) {
      // Without a key it is like a group of nobody, which never saw anything: what cannot be verified must not count.
      bytes = std::move(unknown->key);
    } else {
      auto key = CosignerKey::from_string(items[2]);
      if (!key) return refuse(key.error().code, "has a key that is none: " + key.error().message);
      base::append(bytes, key->key().bytes());
      witness.key = *std::move(key);
    }
    if (!witnesses_.emplace(base::as_text(bytes)).second) return refuse("names the key of another witness again");
    return add(std::move(witness));
  }

  Result<void> take_group(const Items& items) {
    if (items.size() < 4) return refuse("is not: group <name> any|all|<k> <name>…");
    TrustPolicy::Member group{.name = std::string(items[1]), .key = {}, .needed = 1, .members = {}};
    for (const std::string_view name : Items(items.begin() + 3, items.end())) {
      BATPAK_TRY(const std::size_t member, find(name));
      if (!in_groups_.insert(member).second) return refuse("names what is a member already: " + std::string(name));
      group.members.push_back(member);
    }
    if (items[2] == "all") {
      group.needed = group.members.size();
    } else if (items[2] != "any") {
      const std::string_view count = items[2];
      const auto parsed = std::from_chars(count.data(), count.data() + count.size(), group.needed);
      if (parsed.ec != std::errc() || parsed.ptr != count.data() + count.size() || group.needed < 1 ||
          group.needed > group.members.size()) {
        return refuse("asks for another number than 1 to that of its members");
      }
    }
    return add(std::move(group));
  }

  Result<void> take_quorum(const Items& items) {
    if (items.size() != 2) return refuse("is not: quorum <name>");
    if (has_quorum_) return refuse("says the quorum again");
    has_quorum_ = true;
    if (items[1] == "none") return {};
    BATPAK_TRY(policy_.quorum_, find(items[1]));
    return {};
  }

  Result<void> add(TrustPolicy::Member member) {
    if (member.name == "none") return refuse("gives the name none, which has a meaning of its own");
    if (find(member.name)) return refuse("gives a name that is given already: " + member.name);
    if (policy_.members_.size() == 2 * TrustPolicy::names_max) return refuse(ErrorCode::too_large, "is one name too many");
    policy_.members_.push_back(std::move(member));
    return {};
  }

  Result<std::size_t> find(std::string_view name) const {
    const auto found = std::ranges::find(policy_.members_, name, &TrustPolicy::Member::name);
    if (found == policy_.members_.end()) return refuse("names what no line before it defines: " + std::string(name));
    return static_cast<std::size_t>(found - policy_.members_.begin());
  }

  TrustPolicy policy_;
  std::size_t line_ = 0;
  bool has_quorum_ = false;
  std::set<std::array<std::byte, PublicKey::bytes_size>> logs_;
  std::set<std::string> witnesses_;  // the bytes of their keys
  std::set<std::size_t> in_groups_;
};

Result<TrustPolicy> TrustPolicy::parse(std::string_view text) {
  if (text.size() > bytes_max) {
    return fail(ErrorCode::too_large, "a policy has at most " + std::to_string(bytes_max) + " bytes");
  }
  if (!std::ranges::all_of(text, is_allowed)) return fail(ErrorCode::malformed, "the policy holds a control character");
  return TrustPolicyParser().parse(text);
}

Result<std::vector<Cosignature>> TrustPolicy::verify(const CheckpointNote& note) const {
  if (!logs_.empty()) {
    const auto log = std::ranges::find(logs_, note.checkpoint.origin, &VerifierKey::name);
    if (log == logs_.end()) return fail(ErrorCode::bad_signature, "the note is of a log that the policy does not name");
    // A log may have several keys; one of them must have signed, and none may have signed badly.
    bool is_signed = false;
    for (const VerifierKey& key : logs_) {
      if (key.name() != note.checkpoint.origin) continue;
      const auto id = key.key().key_id(key.name());
      const bool has_one = std::ranges::any_of(note.signatures, [&](const NoteSignature& signature) {
        return signature.name == key.name() && signature.key_id == id;
      });
      if (!has_one) continue;
      BATPAK_CHECK(verify_note(note, key));
      is_signed = true;
    }
    if (!is_signed) return fail(ErrorCode::bad_signature, "the note has no signature of a key that the policy names");
  }
  std::vector<Cosignature> cosignatures;
  std::vector<bool> saw(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    if (!member.key) {
      const auto count = std::ranges::count_if(member.members, [&](std::size_t of) { return saw[of]; });
      saw[i] = static_cast<std::size_t>(count) >= member.needed;
      continue;
    }
    const auto id = member.key->key_id();
    const bool has_one = std::ranges::any_of(note.signatures, [&](const NoteSignature& signature) {
      return signature.name == member.key->name() && signature.key_id == id;
    });
    if (!has_one) continue;
    BATPAK_TRY(const std::chrono::sys_seconds time, verify_cosignature(note, *member.key));
    cosignatures.push_back({.witness = member.name, .key_name = member.key->name(), .time = time});
    saw[i] = true;
  }
  if (quorum_ && !saw[*quorum_]) {
    const auto is_unknown = [](const Member& member) { return !member.key && member.members.empty(); };
    const bool has_unknown = std::ranges::any_of(members_, is_unknown);
    return fail(ErrorCode::bad_signature, "fewer witnesses cosigned the note than the quorum '" + members_[*quorum_].name +
                                              "' asks for" +
                                              (has_unknown ? "; those whose algorithm is not known never count" : ""));
  }
  return cosignatures;
}

}  // namespace batpak
