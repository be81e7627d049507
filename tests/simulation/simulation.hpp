// One store's life on a simulated machine, made up from a seed: everything a program can do with it, and everything a machine
// can do to it, in any order, with an oracle that remembers what was promised.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "crash/machine.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "simulation/durable_claims.hpp"
#include "simulation/payloads.hpp"
#include "simulation/reader.hpp"

namespace batpak::test {

struct SimulationOptions {
  std::uint64_t seed = 0;
  std::uint64_t steps = 120;
  std::set<std::uint64_t> skip;   // steps left out; the others do what they would have done
  std::ostream* trace = nullptr;  // a line for each step
};

// What happened, summed up over simulations.
struct SimulationCounts {
  std::uint64_t seeds = 0;
  std::uint64_t steps = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t crashed_recoveries = 0;  // openings that a crash or kill cut short
  std::uint64_t crashed_salvages = 0;
  std::uint64_t faults = 0;
  std::uint64_t recoveries = 0;  // openings that succeeded
  std::uint64_t acknowledged = 0;
  std::uint64_t refreshes = 0;
  std::uint64_t verifications = 0;
  std::uint64_t salvages = 0;
  std::uint64_t damages = 0;          // bytes changed on purpose, or misdirected
  std::uint64_t damages_refused = 0;  // of them, those for which opening refused
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options)
      : options_(options), life_(mixed(options.seed, 0)), random_(0), watch_random_(0), entropy_(options.seed) {
    segment_bytes_ = (64ULL + 16 * life_.below(4)) << 10;
    use_key_ = life_.below(5) < 2;
    may_get_key_ = life_.below(5) == 0;
    signing_ = life_.coin() ? SigningPolicy::each_commit : SigningPolicy::each_event;
    fault_percent_ = std::array<std::uint64_t, 4>{0, 4, 12, 30}[life_.below(4)];
    crash_weight_ = std::array<std::uint64_t, 3>{2, 6, 12}[life_.below(3)];
    large_percent_ = std::array<std::uint64_t, 3>{1, 5, 15}[life_.below(3)];
    watch_one_in_ = std::array<std::uint64_t, 3>{8, 40, 1'000}[life_.below(3)];
    may_damage_ = life_.below(3) == 0;
    files_.watch([this](platform::SimCall call) { between_calls(call); });
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation() { files_.watch({}); }

  // Nothing, or which promise was broken at which step.
  std::optional<std::string> run() {
    ++counts_.seeds;
    try {
      for (step_ = 0; step_ < options_.steps && !ended_; ++step_) {
        if (options_.skip.contains(step_)) continue;
        begin_step();
        take_step();
        end_step();
      }
      begin_step();
      if (!ended_) finish();
    } catch (const Violation& violation) {
      trace("VIOLATION: ", violation.what());
      return "step " + std::to_string(step_) + " (" + doing_ + "): " + violation.what();
    }
    counts_.faults = files_.count_faults_met();
    return std::nullopt;
  }

  [[nodiscard]] const SimulationCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t step() const { return step_; }

 private:
  struct Choice {
    std::uint64_t weight;
    const char* name;
    std::function<void()> act;
  };

  static std::uint64_t mixed(std::uint64_t seed, std::uint64_t with) {
    platform::SimRandom random(seed * 0x9E3779B97F4A7C15ULL + with);
    static_cast<void>(random.next());
    return random.next();
  }
  static void require(bool holds, const std::string& otherwise) { Oracle::require(holds, otherwise); }
  [[nodiscard]] bool percent(std::uint64_t chance) { return random_.below(100) < chance; }

  template <class... Parts>
  void trace(const Parts&... parts) {
    if (options_.trace == nullptr) return;
    *options_.trace << step_ << ' ' << doing_ << ": ";
    (*options_.trace << ... << parts) << '\n';
  }
  template <class T>
  static std::string outcome(const Result<T>& result) {
    return result ? "ok" : to_string(result.error());
  }

  // Each step has chance of its own, so that leaving one out changes nothing about the others' choices.
  void begin_step() {
    quiet_ = false;
    random_ = platform::SimRandom(mixed(options_.seed, 2 * step_ + 1));
    watch_random_ = platform::SimRandom(mixed(options_.seed, 2 * step_ + 2));
    files_.clear_calls();
    ++counts_.steps;
    if (percent(25)) clear_faults();
    if (!damaged_ && percent(fault_percent_)) inject_fault();
  }

  void end_step() {
    if (watch_failure_) throw Violation(*watch_failure_);
    notice_misdirection();
    if (files_.is_stopped()) {
      trace("the process was stopped");
      end_process();
    }
    if (store_) check_frontier();
  }

  void take_step() {
    std::vector<Choice> choices = store_ ? choices_while_open() : choices_while_closed();
    std::uint64_t sum = 0;
    for (const Choice& choice : choices) sum += choice.weight;
    std::uint64_t chosen = random_.below(sum);
    for (const Choice& choice : choices) {
      if (chosen < choice.weight) {
        doing_ = choice.name;
        choice.act();
        return;
      }
      chosen -= choice.weight;
    }
  }

  std::vector<Choice> choices_while_open() {
    const std::uint64_t leave = poisoned_ ? 60 : 0;
    return {
        {30, "append", [this] { append(); }},
        {12, "append a batch", [this] { append_batch(); }},
        {6, "sync", [this] { sync(); }},
        {12, "keep house", [this] { keep_house(); }},
        {16, "read", [this] { read(); }},
        {4, "keep a snapshot", [this] { keep_snapshot(); }},
        {5, "look at old snapshots", [this] { look_at_snapshots(); }},
        {4, "checkpoint", [this] { take_checkpoint(); }},
        {4, "set the clock", [this] { set_clock(); }},
        {4, "write back", [this] { files_.write_back(random_.next()); }},
        {2, "evict", [this] { files_.evict(); }},
        {4, "open a reader", [this] { open_reader(); }},
        {10, "refresh readers", [this] { refresh_readers(); }},
        {2, "close a reader", [this] { close_reader(); }},
        {3, "verify", [this] { verify_beside(); }},
        {2, "open a second time", [this] { open_second(); }},
        {may_damage_ ? 1U : 0U, "misdirect a write", [this] { misdirect(); }},
        {4 + leave, "close", [this] { close(); }},
        {crash_weight_ + leave, "end the process", [this] { end_process(); }},
    };
  }

  std::vector<Choice> choices_while_closed() {
    if (damaged_) {  // what went astray shows when the cache is gone
      std::vector<Choice> only;
      only.push_back({1, "end the process", [this] { end_process(); }});
      return only;
    }
    const std::uint64_t there = known_exists() ? 1 : 0;
    return {
        {60, "open", [this] { open(); }},
        {5, "end the process", [this] { end_process(); }},
        {3, "write back", [this] { files_.write_back(random_.next()); }},
        {2, "evict", [this] { files_.evict(); }},
        {2, "set the clock", [this] { set_clock(); }},
        {3, "open a reader", [this] { open_reader(); }},
        {6, "refresh readers", [this] { refresh_readers(); }},
        {there * (may_damage_ ? 6 : 0), "damage", [this] { damage(); }},
        {there * 3, "salvage", [this] { salvage_and_go_on(); }},
        {there * 2, "open with another key", [this] { open_with_wrong_key(); }},
    };
  }

  [[nodiscard]] bool known_exists() const { return !oracle_.known().empty(); }

  // Whether something was done to the store since it was opened that excuses errors.
  [[nodiscard]] bool excused() const { return files_.count_faults_met() > faults_before_ || damaged_; }

  // What can fail.

  void inject_fault() {
    if (misdirected_) return;
    using Effect = SimFault::Effect;
    SimFault fault;
    fault.nth = 1 + random_.below(store_ ? 12 : 40);
    switch (random_.below(6)) {
      case 0:
      case 1:
      case 2:
        fault.effect = Effect::stop;
        fault.bytes_written = random_.below(3'000);
        break;
      case 3:
        fault.call = SimCall::write;
        fault.effect = random_.coin() ? Effect::io_error : Effect::no_space;
        fault.bytes_written = random_.below(3'000);
        fault.nth = 1 + random_.below(4);
        break;
      case 4:
        fault.call = SimCall::sync;
        fault.nth = 1 + random_.below(4);
        if (random_.coin()) fault.reached_seed = random_.next();
        break;
      default:
        fault.call = static_cast<SimCall>(random_.below(static_cast<std::uint64_t>(SimCall::lock) + 1));
        fault.effect = random_.coin() ? Effect::io_error : Effect::no_space;
        fault.nth = 1 + random_.below(6);
        fault.times = random_.below(4) == 0 ? 1'000 : 1;
    }
    files_.inject(fault);
    if (options_.trace != nullptr) {
      *options_.trace << step_ << " fault: call " << (fault.call ? static_cast<int>(*fault.call) : -1) << " number "
                      << fault.nth << " times " << fault.times << " effect " << static_cast<int>(fault.effect) << " bytes "
                      << fault.bytes_written << (fault.reached_seed ? " some reached" : "") << '\n';
    }
  }

  // The writer's next write goes elsewhere on the device.
  void misdirect() {
    files_.clear_faults();
    misdirected_ = files_.count_faults_met();
    files_.inject({.call = SimCall::write,
                   .path_contains = "/log/",
                   .nth = 1 + random_.below(5),
                   .effect = SimFault::Effect::misdirected,
                   .sectors_off = random_.coin() ? 0 : static_cast<std::int64_t>(random_.below(60)) - 30});
    trace("one of the next five");
  }

  // From the moment of the write on, whatever lets go of the cache shows the damage.
  void notice_misdirection() {
    if (!misdirected_ || files_.count_faults_met() == *misdirected_ || damaged_) return;
    damaged_ = true;
    oracle_.declarations = Oracle::Declarations::may_be_lost;
    ++counts_.damages;
    trace("a write was misdirected");
  }
  void clear_faults() {
    notice_misdirection();
    files_.clear_faults();
    if (!damaged_) misdirected_.reset();
  }

  // Readers and the system do something between any two calls of the writer.
  void between_calls(platform::SimCall call) {
    if (watch_failure_ || quiet_ || watch_random_.below(watch_one_in_) != 0) return;
    const std::uint64_t what = watch_random_.below(6);
    if (options_.trace != nullptr) {
      *options_.trace << step_ << "   before call " << static_cast<int>(call) << ' '
                      << (what == 0   ? "write back"
                          : what == 1 ? "evict"
                                      : "refresh readers")
                      << '\n';
    }
    switch (what) {
      case 0: files_.write_back(watch_random_.next()); return;
      case 1: files_.evict(); return;
      default:
        // The store's own code is on the stack: what is wrong is told when it has returned.
        try {
          for (Reader& reader : readers_) refresh(reader, watch_random_);
        } catch (const Violation& violation) {
          watch_failure_ = std::string("meanwhile ") + violation.what();
        }
    }
  }

  // The process ends, by itself or with the machine.
  void end_process() {
    if (random_.below(3) == 0) files_.write_back(random_.next());
    const bool needs_power_loss = damaged_;
    const std::uint64_t kind = needs_power_loss ? 3 + random_.below(6) : random_.below(9);
    if (kind < 3) {
      ++counts_.kills;
      files_.kill();
      if (kind > 0) files_.fail_write_back();
      if (kind > 1) files_.evict();
      std::erase_if(readers_, [](const Reader& reader) { return reader.sees_undurable(); });
      trace("killed", kind > 0 ? ", its cache never written" : "", kind > 1 ? " and evicted" : "");
    } else {
      ++counts_.power_losses;
      SimCrash crash = SimCrash::from_seed(random_.next());
      switch (kind) {
        case 3: crash = SimCrash::losing_everything(); break;
        case 4: crash = SimCrash::keeping_everything(); break;
        case 5:
          crash.sectors = static_cast<SimCrash::Sectors>(random_.below(4));
          crash.sizes = static_cast<SimCrash::Order>(random_.below(3));
          crash.names = static_cast<SimCrash::Order>(random_.below(3));
          break;
        default: break;
      }
      files_.crash(crash);
      readers_.clear();
      trace("power lost, kind ", kind);
    }
    forget_process();
    if (damaged_) examine_damage("after a misdirected write");
  }
  void forget_process() {
    store_.reset();
    kept_.clear();
    files_.clear_faults();
    poisoned_ = false;
    cleanly_closed_.reset();
    misdirected_.reset();
  }

  // Opening.

  [[nodiscard]] OpenOptions open_options() {
    OpenOptions options;
    if (use_key_) {
      options.key = test_key();
      options.signing = signing_;
    }
    options.segment_bytes = segment_bytes_;
    options.torn_tail = torn_tail_;
    options.file_system = &files_;
    options.clock = &clock_;
    options.entropy = &entropy_;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return options;
  }

  void open() {
    if (!use_key_ && may_get_key_ && random_.below(4) == 0) use_key_ = true;
    faults_before_ = files_.count_faults_met();
    // Who asked for what is not durable has to look anew after a recovery.
    if (!cleanly_closed_) std::erase_if(readers_, [](const Reader& reader) { return reader.sees_undurable(); });
    auto opened = Store::open(path_, open_options());
    trace(outcome(opened));
    if (!opened) {
      require(excused(), "the store does not open: " + to_string(opened.error()));
      if (files_.is_stopped()) ++counts_.crashed_recoveries;
      if (opened.error().code == ErrorCode::no_space) torn_tail_ = TornTail::discard;
      return;
    }
    torn_tail_ = TornTail::quarantine;
    ++counts_.recoveries;
    // Where the process was stopped by a call whose failure is no error, nothing can be read any more.
    if (files_.is_stopped()) return;
    clear_faults();
    store_.emplace(*std::move(opened));
    if (damaged_) return end_process();  // recovery's own write went astray: what is left is looked at without the cache
    const OpenReport& report = store_->open_report();
    trace(report.events, " events, ", report.commits_rewritten, " commits rewritten, ", report.torn_bytes, " bytes torn",
          report.rotation_completed ? ", rotation completed" : "");
    const auto now = store_->snapshot();
    require(now.has_value(), "a store that was just opened cannot be read: " + outcome(now));
    oracle_.settle(*now);
    for (int i = 0; i < 4; ++i) verify_a_receipt();
    if (random_.below(4) == 0 && !excused()) verify_clean("while open");
  }
  void close() {
    files_.clear_calls();
    const auto closed = store_->close();
    trace(outcome(closed));
    notice_misdirection();
    const bool whole = closed.has_value();
    require(whole || excused(), "the store does not close: " + outcome(closed));
    if (whole) {
      oracle_.promise_all();
    } else {
      poisoned_ = true;
    }
    store_.reset();
    kept_.clear();
    poisoned_ = false;
    if (!whole) {
      cleanly_closed_.reset();
      return;
    }
    const auto log = read_log();
    if (!damaged_ && !files_.is_stopped()) {
      if (cleanly_closed_) require(*cleanly_closed_ == log || appended_, "opening and closing changed the log");
      appended_ = false;
      cleanly_closed_ = log;
      if (random_.below(3) == 0) verify_clean("after closing");
    }
  }

  // While it is open, the directory has an owner.
  void open_second() {
    const auto process = files_.start_process();
    OpenOptions options = open_options();
    options.file_system = process.get();
    const auto second = Store::open(path_, options);
    require(!second && second.error().code == ErrorCode::locked, "a second process opens the store: " + outcome(second));
  }

  void open_with_wrong_key() {
    files_.clear_faults();
    if (damaged_ || !key_is_declared()) return;
    quiet_ = true;
    const auto before = read_log();
    OpenOptions options = open_options();
    options.key = random_.coin() ? other_key() : nullptr;
    options.signing = SigningPolicy::each_commit;
    const auto opened = Store::open(path_, options);
    const ErrorCode expected = options.key ? ErrorCode::wrong_key : ErrorCode::key_required;
    require(!opened && opened.error().code == expected, "a signed store opens without its key: " + outcome(opened));
    require(read_log() == before, "a refused key changed the log");
  }
  [[nodiscard]] bool key_is_declared() const {
    return std::ranges::any_of(oracle_.known(), [](const Known& known) { return known.kind == EventKind(0, 3); }) ||
           (known_exists() && created_with_key_);
  }
  static std::shared_ptr<const SigningKey> other_key() {
    static const auto key = std::make_shared<const SigningKey>(SigningKey::generate().value());
    return key;
  }

  // Writing.

  Wanted wanted(const SimPayload& payload, std::uint64_t number) {
    Wanted made;
    made.number = number;
    made.entity = "entity " + std::to_string(random_.below(7));
    made.scope = random_.coin() ? "here" : "there";
    made.kind_name = payload.kind_name();
    made.payload = payload.encoded();
    if (random_.below(4) == 0) {
      made.metadata = {{"by", "somebody"}, {"number", number}};
      if (random_.coin()) made.metadata["more"] = Value::map({{"text", std::string(random_.below(300), 'm')}});
    }
    if (random_.below(4) == 0) {
      made.correlation.emplace();
      made.correlation->bytes.fill(static_cast<std::byte>(number));
    }
    const std::uint64_t size = oracle_.known().size();
    if (size > 0 && random_.below(4) == 0) made.causation = oracle_.known()[random_.below(size)].id;
    return made;
  }
  std::size_t text_bytes() {
    if (percent(large_percent_)) return 1'000 + random_.below(24'000);
    return random_.below(random_.below(10) == 0 ? 2'000 : 60);
  }
  static Coordinate where(const Wanted& wanted) { return Coordinate::make(wanted.entity, wanted.scope).value(); }

  void append() {
    const std::uint64_t number = next_number_++;
    const SimPayload payload = SimPayload::make(number, text_bytes(), random_);
    const Wanted asked = wanted(payload, number);
    const Durability durability = random_.coin() ? Durability::durable : Durability::buffered;
    const auto attempt = oracle_.attempt({asked});
    auto receipt = payload.append_to(*store_, where(asked),
                                     {.correlation = asked.correlation,
                                      .causation = asked.causation,
                                      .metadata = asked.metadata,
                                      .durability = durability});
    if (!receipt) return answer(attempt, std::unexpected(std::move(receipt).error()), durability);
    answer(attempt, std::vector{*std::move(receipt)}, durability);
  }

  void append_batch() {
    const std::uint64_t count = random_.below(12) == 0 ? 60 : 1 + random_.below(6);
    std::vector<Wanted> asked;
    Batch batch;
    std::uint64_t room = 30'000;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = next_number_++;
      const std::uint64_t bytes = std::min<std::uint64_t>(text_bytes(), room / 2);
      room -= bytes;
      const SimPayload payload = SimPayload::make(number, bytes, random_);
      asked.push_back(wanted(payload, number));
      const Wanted& one = asked.back();
      const auto added = payload.add_to(
          batch, where(one), {.correlation = one.correlation, .causation = one.causation, .metadata = one.metadata});
      require(added.has_value(), "a batch refuses an event: " + outcome(added));
    }
    const Durability durability = random_.coin() ? Durability::durable : Durability::buffered;
    const auto attempt = oracle_.attempt(std::move(asked));
    // Room is also kept for declaring types, once for each JSON event and each change of type.
    const bool large = batch.bytes_size() + 700ULL * batch.size() > segment_bytes_ - 12'000;
    auto receipts = store_->append_batch(std::move(batch), {.durability = durability});
    if (!receipts && receipts.error().code == ErrorCode::batch_too_large && large) return oracle_.refused(*attempt);
    answer(attempt, std::move(receipts), durability);
  }

  void answer(const std::shared_ptr<Attempt>& attempt, Result<std::vector<Receipt>> receipts, Durability durability) {
    trace(attempt->events.size(), durability == Durability::durable ? " durable, first number " : " buffered, first number ",
          attempt->events.front().number, ": ",
          receipts ? "sequence " + std::to_string(receipts->front().sequence) : to_string(receipts.error()));
    appended_ = true;
    if (receipts) {
      require(!poisoned_, "a poisoned store takes events");
      counts_.acknowledged += receipts->size();
      for (const Receipt& receipt : *receipts) {
        require(receipt.durability == Durability::durable || durability == Durability::buffered,
                "a durable append answers with less");
      }
      oracle_.accepted(attempt, *std::move(receipts));
      return;
    }
    const ErrorCode code = receipts.error().code;
    require(excused(), "an append fails without a reason: " + to_string(receipts.error()));
    switch (code) {
      case ErrorCode::outcome_unknown: poisoned_ = true; return oracle_.unknown(*attempt);
      case ErrorCode::poisoned: poisoned_ = true; return oracle_.refused(*attempt);
      case ErrorCode::not_written: return oracle_.refused(*attempt);
      default:
        throw Violation("an append fails with an error that does not say what it did: " + to_string(receipts.error()));
    }
  }

  void sync() {
    const auto synced = store_->sync();
    trace(outcome(synced));
    if (synced) {
      require(!poisoned_, "a poisoned store syncs");
      return oracle_.promise_all();
    }
    require(excused(), "a sync fails without a reason: " + to_string(synced.error()));
    poisoned_ = true;
  }

  void keep_house() {
    clock_.advance(std::chrono::milliseconds(random_.below(3) == 0 ? random_.below(5) : random_.below(250)));
    store_->keep_house();
    trace("durable ", store_->frontier().durable);
  }

  void set_clock() {
    const std::int64_t now = clock_.wall_microseconds();
    switch (random_.below(4)) {
      case 0: clock_.advance(std::chrono::microseconds(random_.below(5'000))); break;
      case 1: clock_.set_wall_microseconds(now - static_cast<std::int64_t>(random_.below(3'600'000'000))); break;
      case 2: clock_.set_wall_microseconds(now + static_cast<std::int64_t>(random_.below(60'000'000))); break;
      default: clock_.advance(std::chrono::seconds(random_.below(60)));
    }
    trace("from ", now, " to ", clock_.wall_microseconds());
  }

  void check_frontier() {
    const Frontier frontier = store_->frontier();
    require(frontier.accepted >= frontier.written && frontier.written >= frontier.durable, "the frontier is out of order");
    require(frontier.visible <= frontier.accepted, "more is visible than was accepted");
    oracle_.promise_up_to(frontier.durable);
  }

  // Reading.

  // The value, or nothing where an error is excused.
  template <class T>
  std::optional<T> got(Result<T> result, const char* what) {
    if (result) return std::optional<T>(*std::move(result));
    require(excused(), std::string(what) + " fails: " + to_string(result.error()));
    return std::nullopt;
  }

  // Some sequence for which there is a receipt.
  std::optional<Receipt> some_receipt() {
    const std::uint64_t size = oracle_.accepted_size();
    for (int tries = 0; tries < 5 && size > 0; ++tries) {
      if (auto receipt = oracle_.receipt(random_.below(size))) return receipt;
    }
    return std::nullopt;
  }

  void read() {
    switch (random_.below(7)) {
      case 0: return read_one();
      case 1: return read_range();
      case 2: return read_stream();
      case 3: return read_ancestors();
      case 4: return read_head();
      case 5: return read_projection();
      default: return verify_a_receipt();
    }
  }

  void read_one() {
    const auto receipt = some_receipt();
    if (!receipt) return;
    if (const auto event = got(store_->get(receipt->event_id), "get")) oracle_.check(*event, receipt->sequence);
    if (const auto event = got(store_->at(receipt->sequence), "at")) oracle_.check(*event, receipt->sequence);
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now) return;
    if (const auto event = got(now->at(receipt->position()), "at a position")) oracle_.check(*event, receipt->sequence);
  }

  void read_range() {
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now || now->size() == 0) return;
    require(poisoned_ || excused() || now->size() == oracle_.accepted_size(), "a snapshot does not show what was accepted");
    const bool forwards = random_.coin();
    std::uint64_t at = random_.below(now->size());
    auto events = now->read({.from = at,
                             .direction = forwards ? Direction::forwards : Direction::backwards,
                             .store_events = StoreEvents::include});
    std::uint64_t left = 60;
    std::uint64_t read = 0;
    for (const auto& event : events) {
      if (!got(Result<EventView>(event), "read")) return;
      oracle_.check(*event, at);
      at += forwards ? 1 : ~std::uint64_t{0};
      ++read;
      if (--left == 0) return;
    }
    require(read > 0 && at == (forwards ? now->size() : ~std::uint64_t{0}), "a range ends early");
  }

  // An entity, with the sequences of its events as far as a snapshot of that size has them.
  struct Stream {
    std::string entity;
    std::vector<std::uint64_t> sequences;
  };
  Stream some_stream(const Snapshot& now) {
    const auto& streams = oracle_.streams();
    Stream chosen;
    if (streams.empty()) return chosen;
    const auto stream = std::next(streams.begin(), static_cast<std::ptrdiff_t>(random_.below(streams.size())));
    chosen.entity = stream->first;
    const auto& all = stream->second;
    chosen.sequences.assign(all.begin(), std::ranges::lower_bound(all, now.size()));
    return chosen;
  }

  void read_stream() {
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const bool forwards = random_.coin();
    std::size_t index = 0;
    for (const auto& event : now->stream(entity, {.direction = forwards ? Direction::forwards : Direction::backwards})) {
      if (!got(Result<EventView>(event), "stream")) return;
      require(index < sequences.size(), "a stream is longer than it should be");
      const std::size_t version = forwards ? index : sequences.size() - 1 - index;
      oracle_.check(*event, sequences[version]);
      require(event->stream_version() == version, "the versions of a stream are not dense");
      ++index;
    }
    require(index == sequences.size(), "a stream is shorter than it should be");
  }
  // A commit whose outcome is unknown may be shown by a poisoned store, and is in no stream that the oracle knows.
  [[nodiscard]] bool unknown_is_visible(const Snapshot& now) const { return now.size() > oracle_.accepted_size(); }

  void read_ancestors() {
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (sequences.empty()) return;
    std::size_t version = random_.below(sequences.size());
    const auto receipt = oracle_.receipt(sequences[version]);
    if (!receipt) return;
    std::size_t left = version + 1;
    for (const auto& event : now->ancestors(receipt->event_id)) {
      if (!got(Result<EventView>(event), "ancestors")) return;
      require(left > 0, "there are too many ancestors");
      oracle_.check(*event, sequences[--left]);
    }
    require(left == 0, "there are too few ancestors");
  }

  void read_head() {
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const auto head = got(now->head(entity), "head");
    if (!head) return;
    require(head->has_value() == !sequences.empty(), "a stream has no head");
    if (!*head) return;
    require((*head)->version + 1 == sequences.size() && (*head)->position.sequence == sequences.back(),
            "a head is not the last event of its stream");
  }

  void read_projection() {
    const auto now = got(store_->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const auto tally = got(fold<SimTally>(now->stream(entity)), "a projection");
    if (!tally) return;
    SimTally expected;
    for (const std::uint64_t sequence : sequences) {
      const auto place = oracle_.place(sequence);
      if (!place) return;
      const Wanted& asked = place->attempt->events[place->index];
      if (asked.kind_name != SimPayload::json_name) expected.add(asked.number);
    }
    require(tally->count == expected.count && tally->sum == expected.sum, "a projection is wrong");
  }

  void verify_a_receipt() {
    const auto receipt = some_receipt();
    if (!receipt) return;
    const auto verified = store_->verify_receipt(*receipt);
    if (verified) return;
    const bool unseen = verified.error().code == ErrorCode::not_found && poisoned_;
    require(excused() || unseen, "a receipt does not verify: " + to_string(verified.error()));
    require(verified.error().code != ErrorCode::history_changed,
            "a receipt is contradicted: " + to_string(verified.error()));
  }

  void keep_snapshot() {
    auto now = got(store_->snapshot(), "snapshot");
    if (!now) return;
    kept_.push_back({*std::move(now), 0});
    kept_.back().size = kept_.back().snapshot.size();
    if (kept_.size() > 4) kept_.erase(kept_.begin());
  }

  void look_at_snapshots() {
    for (const Kept& kept : kept_) {
      require(kept.snapshot.size() == kept.size, "a snapshot has changed its size");
      if (kept.size == 0) continue;
      const std::uint64_t sequence = random_.below(kept.size);
      if (const auto event = got(kept.snapshot.at(sequence), "at, of an old snapshot")) oracle_.check(*event, sequence);
      const auto past = kept.snapshot.at(kept.size);
      require(!past && past.error().code == ErrorCode::past_the_end, "a snapshot shows what came later");
    }
  }

  void take_checkpoint() {
    const auto note = got(store_->checkpoint(), "checkpoint");
    if (!note) return;
    require(note->checkpoint.origin == store_->origin(), "a checkpoint names another log");
    oracle_.believe(note->checkpoint);
    if (note->signatures.empty()) return;
    require(use_key_ && verify_note(*note, test_key()->public_key()), "a checkpoint's signature does not verify");
  }

  // Readers beside.

  void open_reader() {
    // Before a first opening has answered, there is no store yet.
    if (readers_.size() >= 3 || !known_exists()) return;
    const bool show = random_.below(4) == 0;
    Reader reader(files_, show ? Reader::Undurable::show : Reader::Undurable::hide);
    const auto opened = reader.open(path_);
    trace(outcome(opened));
    if (!opened) {
      require(damaged_, "a reader cannot open: " + to_string(opened.error()));
      return;
    }
    refresh(reader, random_);
    readers_.push_back(std::move(reader));
  }
  void refresh_readers() {
    for (Reader& reader : readers_) refresh(reader, random_);
  }
  void refresh(Reader& reader, platform::SimRandom& random) {
    ++counts_.refreshes;
    notice_misdirection();
    reader.refresh(oracle_, random, damaged_);
  }
  void close_reader() {
    if (!readers_.empty()) readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(random_.below(readers_.size())));
  }

  // Verifying.

  VerifyReport verify() {
    ++counts_.verifications;
    const auto process = files_.start_process();
    VerifyOptions options;
    if (use_key_) options.key = test_key()->public_key();
    options.threads = 1;
    options.file_system = process.get();
    auto report = verify_directory(path_, options);
    require(report.has_value() || damaged_, "verify does not run: " + outcome(report));
    if (report) return *std::move(report);
    VerifyReport broken;
    broken.findings.push_back({.law = Law::store_meta, .message = to_string(report.error()), .path = {}});
    return broken;
  }
  void verify_clean(const char* when) {
    const VerifyReport report = verify();
    require(report.clean(), std::string("verify finds, ") + when + ": " + describe(report.findings));
  }
  void verify_beside() {
    if (!excused() && !poisoned_) verify_clean("beside the writer");
  }

  // Damage.

  using Segments = std::map<std::string, Bytes>;
  [[nodiscard]] Segments read_log() const {
    Segments found;
    for (const std::string& name : files_.list_files()) {
      if (name.starts_with(path_ + "/log/") && name.ends_with(".seg")) found[name] = files_.read_file(name).value();
    }
    return found;
  }

  // Changes bytes of a file that nobody has open, as rot does.
  void damage() {
    files_.clear_faults();
    readers_.clear();
    std::vector<std::string> names;
    for (const std::string& name : files_.list_files()) {
      if (name.starts_with(path_ + "/") && !files_.read_file(name)->empty()) names.push_back(name);
    }
    if (names.empty()) return;
    const std::string name = names[random_.below(names.size())];
    const Bytes bytes = files_.read_file(name).value();
    std::uint64_t written = bytes.size();
    while (written > 0 && bytes[written - 1] == std::byte{0}) --written;
    const std::uint64_t offset = random_.below(random_.below(8) == 0 || written == 0 ? bytes.size() : written);
    const bool was_clean = cleanly_closed_.has_value();
    cleanly_closed_.reset();
    const std::uint64_t kind = random_.below(4);
    if (kind < 2) {
      files_.flip_bit(name, offset, static_cast<unsigned>(random_.below(8))).value();
    } else if (kind == 2) {  // a sector of nonsense
      const std::uint64_t begin = offset / 512 * 512;
      for (std::uint64_t at = begin; at < std::min<std::uint64_t>(begin + 512, bytes.size()); ++at) {
        files_.flip_bit(name, at, static_cast<unsigned>(random_.below(8))).value();
      }
    } else {  // the device can no longer read it
      files_.spoil_sector(name, offset).value();
    }
    damaged_ = true;
    ++counts_.damages;
    trace(name, " at ", offset, ", kind ", kind);
    const bool truth = name.ends_with(".seg") || name.ends_with("store.meta");
    if (truth && was_clean)
      require(!verify().clean(), "verify does not find damage in " + name + " at " + std::to_string(offset));
    // What a device cannot read says nothing.
    Segments readable = read_log();
    if (kind == 3 && readable.contains(name)) {
      Bytes& image = readable[name];
      const std::uint64_t begin = offset / 512 * 512;
      std::fill(image.begin() + static_cast<std::ptrdiff_t>(begin),
                image.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(begin + 512, image.size())),
                std::byte{0});
    }
    examine_damage("after damage in " + name, claimed_durable(readable));
  }

  void examine_damage(const std::string& when) { examine_damage(when, claimed_durable(read_log())); }

  // The store either refuses, and then changes nothing, or shows the truth as far as it goes; and what acknowledged events
  // are gone is told by verify.
  void examine_damage(const std::string& when, std::uint64_t claimed) {
    quiet_ = true;
    oracle_.declarations = Oracle::Declarations::may_be_lost;
    const VerifyReport before = verify();
    const Segments log = read_log();
    faults_before_ = files_.count_faults_met();
    auto opened = Store::open(path_, open_options());
    trace("claimed durable ", claimed, " of ", oracle_.durable(), ", findings ", before.findings.size(),
          ", open: ", outcome(opened));
    if (!opened) {
      ++counts_.damages_refused;
      using enum ErrorCode;
      const ErrorCode code = opened.error().code;
      require(code == damaged || code == corrupt || code == io_error || code == foreign_segment || code == newer_format,
              when + " the store refuses with another error: " + to_string(opened.error()));
      require(!before.clean(), when + " the store refuses (" + to_string(opened.error()) + "), and verify finds nothing");
      require(read_log() == log, when + " a refused opening changed the log");
      return salvage_damaged();
    }
    std::uint64_t lost = 0;
    {
      const auto now = opened->snapshot();
      require(now.has_value(), when + " the store opens and cannot be read: " + outcome(now));
      oracle_.settle(*now, {.whole_until = claimed});
      for (const Known& known : oracle_.known()) lost += known.lost ? 1 : 0;
    }
    require(opened->close().has_value(), when + " the store does not close");
    const VerifyReport after = verify();
    trace("lost ", lost, ", findings ", after.findings.size());
    require(lost == 0 || !after.clean(), when + " events are lost, and verify finds nothing");
    if (after.clean()) {
      damaged_ = false;
      oracle_.declarations = Oracle::Declarations::are_there;
      return;
    }
    salvage_damaged();
  }

  void salvage_damaged() {
    if (random_.coin()) {
      ended_ = true;
      return;
    }
    doing_ = "salvage what is damaged";
    salvage_and_go_on();
  }

  // What a reader that asks for everything is shown of the store, the lost ones marked; also what may not be durable.
  std::optional<std::vector<Known>> all_that_is_shown() {
    const auto process = files_.start_process();
    const auto store =
        Store::open_read_only(path_, {.undurable = ReadOnlyOptions::Undurable::show, .file_system = process.get()});
    if (!store) {
      require(damaged_, "the store cannot be opened for reading: " + outcome(store));
      return std::nullopt;
    }
    const auto now = store->snapshot();
    require(now.has_value(), "the store cannot be read: " + outcome(now));
    return oracle_.compare(*now, damaged_ ? Judgement{.whole_until = 0} : Judgement{});
  }

  // Into a new directory, with which life goes on. The salvage itself may be cut short, and begins again elsewhere.
  void salvage_and_go_on() {
    files_.clear_faults();
    readers_.clear();
    quiet_ = true;
    for (int tries = 0; tries < 4; ++tries) {
      const auto shown = all_that_is_shown();
      if (!shown) {
        ended_ = true;
        return;
      }
      const bool declaration_lost =
          std::ranges::any_of(*shown, [](const Known& known) { return known.lost && !known.attempt; });
      const Segments source = read_log();
      const std::string destination = "store" + std::to_string(++salvages_);
      faults_before_ = files_.count_faults_met();
      if (tries < 3 && random_.coin()) inject_salvage_fault();
      const auto salvaged = salvage(path_, destination, open_options());
      trace("to ", destination, ": ", outcome(salvaged));
      require(read_log() == source, "salvage changed its source");
      if (!salvaged) {
        const bool nothing_readable = damaged_ && salvaged.error().code == ErrorCode::damaged;
        require(files_.count_faults_met() > faults_before_ || nothing_readable, "salvage fails: " + outcome(salvaged));
        if (nothing_readable && files_.count_faults_met() == faults_before_) {
          ended_ = true;
          return;
        }
        crash_in_salvage();
        continue;
      }
      ++counts_.salvages;
      // A device that failed to read meanwhile has cost events, and the report says how many.
      const std::uint64_t missing = files_.count_faults_met() > faults_before_ ? salvaged->events_lost : 0;
      if (files_.is_stopped() || random_.coin()) crash_in_salvage();
      files_.clear_faults();
      path_ = destination;
      damaged_ = false;
      created_with_key_ = use_key_;
      cleanly_closed_.reset();
      doing_ = "open what was salvaged";
      auto opened = Store::open(path_, open_options());
      require(opened.has_value(), "the salvaged store does not open: " + outcome(opened));
      oracle_.settle_copy(opened->snapshot().value(), *shown, missing);
      require(opened->close().has_value(), "the salvaged store does not close");
      verify_clean("after salvage");
      oracle_.declarations = Oracle::Declarations::are_there;
      // A kind that salvage had to name by itself cannot be appended under its own name again.
      ended_ = declaration_lost;
      return;
    }
  }
  void inject_salvage_fault() {
    SimFault fault;
    fault.nth = 1 + random_.below(60);
    fault.effect = random_.coin() ? SimFault::Effect::stop : SimFault::Effect::io_error;
    files_.inject(fault);
  }
  void crash_in_salvage() {
    ++counts_.crashed_salvages;
    if (random_.coin()) {
      files_.kill();
      ++counts_.kills;
    } else {
      files_.crash(SimCrash::from_seed(random_.next()));
      ++counts_.power_losses;
    }
    forget_process();
  }

  // At the end nothing fails any more, and everything must be there.
  void finish() {
    doing_ = "finish";
    if (store_ || damaged_) end_process();
    if (ended_) return;
    files_.clear_faults();
    open();
    if (!store_) return;
    append();
    append_batch();
    close();
    verify_clean("at the end");
    open();
    const auto before = read_log();
    close();
    trace(oracle_.known().size(), " events in ", before.size(), " segments");
  }

  SimulationOptions options_;
  platform::SimRandom life_;
  platform::SimRandom random_;
  platform::SimRandom watch_random_;
  SimulationCounts counts_;
  std::uint64_t step_ = 0;
  std::string doing_ = "begin";
  bool ended_ = false;

  // What kind of life it is.
  std::uint64_t segment_bytes_ = 0;
  bool use_key_ = false;
  bool may_get_key_ = false;
  bool created_with_key_ = false;
  SigningPolicy signing_ = SigningPolicy::each_commit;
  std::uint64_t fault_percent_ = 0;
  std::uint64_t crash_weight_ = 0;
  std::uint64_t large_percent_ = 0;
  std::uint64_t watch_one_in_ = 0;
  bool may_damage_ = false;

  platform::SimFs files_;
  platform::SimClock clock_;
  platform::SeededEntropy entropy_;
  Oracle oracle_;
  std::string path_ = "store";
  std::uint64_t salvages_ = 0;
  TornTail torn_tail_ = TornTail::quarantine;
  std::optional<Store> store_;
  struct Kept {
    Snapshot snapshot;
    std::uint64_t size;
  };
  std::vector<Kept> kept_;
  std::vector<Reader> readers_;
  bool poisoned_ = false;
  bool damaged_ = false;
  bool appended_ = false;
  std::uint64_t faults_before_ = 0;           // when the store was opened
  std::optional<std::uint64_t> misdirected_;  // a misdirected write is waiting since so many faults
  std::optional<Segments> cleanly_closed_;    // the log as the last close left it
  std::optional<std::string> watch_failure_;
  bool quiet_ = false;  // nothing happens between two calls
  std::uint64_t next_number_ = 1;
};

}  // namespace batpak::test
