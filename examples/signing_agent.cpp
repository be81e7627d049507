// Recipe: the signing key lives in another process, which signs what it is asked for over a pipe and gives the key to nobody.
//
// The program starts itself a second time as the agent. A security module is asked in the same way: by a class of yours.
#include <batpak/batpak.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct Approved {
  std::string by;
};

namespace {

bool read_all(int file, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::read(file, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// [agent]
// The other process: first its public key, then a signature for each message, which comes with its length before it.
int be_agent(const std::string& key_file) {
  auto key = batpak::SigningKey::load(key_file);
  if (!key && key.error().code == batpak::ErrorCode::not_found) {
    key = batpak::SigningKey::generate();
    if (key && !key->save(key_file)) return 1;
  }
  if (!key || !write_all(STDOUT_FILENO, key->public_key().bytes())) return 1;
  std::uint32_t size = 0;
  while (read_all(STDIN_FILENO, std::as_writable_bytes(std::span(&size, 1))) && size <= 4096) {
    std::vector<std::byte> message(size);
    if (!read_all(STDIN_FILENO, message) || !write_all(STDOUT_FILENO, key->sign(message))) return 1;
  }
  return 0;
}
// [/agent]

// [signer]
// While it is asked the commit waits, so an agent that hangs is given up like one that is gone.
constexpr int patience_milliseconds = 2000;

bool read_in_time(int file, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    pollfd ready{.fd = file, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, patience_milliseconds) != 1) return false;
    const ssize_t count = ::read(file, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

class AgentSigner final : public batpak::Signer {
 public:
  // Takes the pipes over. Errors: those of a key that is none.
  static batpak::Result<std::shared_ptr<AgentSigner>> meet(int to_agent, int from_agent) {
    std::array<std::byte, batpak::PublicKey::bytes_size> bytes{};
    if (!read_in_time(from_agent, bytes)) return failed();
    const auto key = batpak::PublicKey::from_bytes(bytes);
    if (!key) return std::unexpected(key.error());
    return std::shared_ptr<AgentSigner>(new AgentSigner(to_agent, from_agent, *key));
  }
  ~AgentSigner() override {
    ::close(to_agent_);  // which ends the agent
    ::close(from_agent_);
  }
  AgentSigner(const AgentSigner&) = delete;
  AgentSigner& operator=(const AgentSigner&) = delete;

  const batpak::PublicKey& public_key() const noexcept override { return key_; }

  batpak::Result<Signature> signature_of(std::span<const std::byte> message) const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto size = static_cast<std::uint32_t>(message.size());
    Signature signature{};
    if (is_lost_) return failed();  // what it may still answer is to an older question
    is_lost_ = true;
    if (!write_all(to_agent_, std::as_bytes(std::span(&size, 1))) || !write_all(to_agent_, message) ||
        !read_in_time(from_agent_, signature)) {
      return failed();
    }
    is_lost_ = false;
    return signature;
  }

 private:
  AgentSigner(int to_agent, int from_agent, const batpak::PublicKey& key)
      : to_agent_(to_agent), from_agent_(from_agent), key_(key) {}
  static std::unexpected<batpak::Error> failed() {
    return std::unexpected(batpak::Error(batpak::ErrorCode::signer_failed, "the agent does not answer"));
  }

  mutable std::mutex mutex_;  // one message at a time on the pipes
  mutable bool is_lost_ = false;
  int to_agent_;
  int from_agent_;
  batpak::PublicKey key_;
};
// [/signer]

struct Agent {
  pid_t process = -1;
  std::shared_ptr<AgentSigner> signer;
};

batpak::Result<Agent> start_agent(const char* program, const std::string& key_file) {
  const auto failed = [] {
    return std::unexpected(batpak::Error(batpak::ErrorCode::out_of_resources, "no agent can be started"));
  };
  std::array<int, 2> to_agent{};
  std::array<int, 2> from_agent{};
  if (::pipe(to_agent.data()) != 0 || ::pipe(from_agent.data()) != 0) return failed();
  Agent agent;
  agent.process = ::fork();
  if (agent.process < 0) return failed();
  if (agent.process == 0) {
    ::dup2(to_agent[0], STDIN_FILENO);
    ::dup2(from_agent[1], STDOUT_FILENO);
    for (const int end : {to_agent[0], to_agent[1], from_agent[0], from_agent[1]}) ::close(end);
    ::execl(program, program, "--agent", key_file.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(to_agent[0]);
  ::close(from_agent[1]);
  auto signer = AgentSigner::meet(to_agent[1], from_agent[0]);
  if (!signer) return std::unexpected(signer.error());
  agent.signer = *std::move(signer);
  return agent;
}

// [use]
batpak::Result<void> run(const char* program, const std::string& directory) {
  auto agent = start_agent(program, directory + ".key");
  if (!agent) return std::unexpected(agent.error());
  batpak::OpenOptions options;
  options.key = agent->signer;
  auto store = batpak::Store::open(directory, options);
  if (!store) return std::unexpected(store.error());
  const auto where = batpak::Coordinate::make("request:17", "approvals");
  if (!where) return std::unexpected(where.error());
  const auto approved = store->append(*where, Approved{.by = "alice"});
  if (!approved) return std::unexpected(approved.error());
  std::cout << "the agent signed the checkpoint of " << approved->checkpoint->checkpoint.size << " events\n";

  // The agent goes away. Events are recorded all the same, and whoever looks can see that nobody signs them.
  ::kill(agent->process, SIGKILL);
  ::waitpid(agent->process, nullptr, 0);
  const auto unsigned_one = store->append(*where, Approved{.by = "bob"});
  if (!unsigned_one) return std::unexpected(unsigned_one.error());
  const batpak::Frontier frontier = store->frontier();
  std::cout << frontier.durable << " events are durable, " << frontier.signed_size
            << " are signed: " << store->signer_error()->message << '\n';
  if (auto closed = store->close(); !closed) return std::unexpected(closed.error());

  // The next one signs for all that is there.
  agent = start_agent(program, directory + ".key");
  if (!agent) return std::unexpected(agent.error());
  options.key = agent->signer;
  store = batpak::Store::open(directory, options);
  if (!store) return std::unexpected(store.error());
  std::cout << "a new agent signed the checkpoint of " << store->frontier().signed_size << " events\n";
  return store->close();
}
// [/use]

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count == 3 && std::string_view(arguments[1]) == "--agent") return be_agent(arguments[2]);
  std::signal(SIGPIPE, SIG_IGN);  // an agent that is gone is an error, and not the end of this process
  const auto done = run("/proc/self/exe", argument_count > 1 ? arguments[1] : "agent.batpak");
  if (!done) {
    std::cerr << "signing_agent: " << done.error() << '\n';
    return 1;
  }
}
