// The exploration as a program for people: scripts/model.
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>

#include "model/exploration.hpp"

namespace {

using namespace batpak::model;

constexpr const char* help = R"(Usage: scripts/model [OPTION...]

Explores the model of the protocol of writing and recovery (tests/model/README.md) from an empty disk: every order of requests,
calls and faults within the bounds. Prints how many states there are; when a law is broken, the shortest way to that.

  --appends N          events that are attempted, behind the first one (default 3)
  --faults N           kills, power losses, failed syncs, writes cut short and rot, together (default 3)
  --segments N         1 to 3 (default 2)
  --rots N             how many of the faults may be rot (default 1)
  --directories ORDER  what is assumed of directories: in_order or in_any_order (default: one, then the other)
  --drop NAME          without this precaution; may be repeated
  --list               the precautions, by name
  --each               each precaution dropped by itself, within the bounds: which have a counterexample?
  --deep               appends 4, faults 4, with both kinds of directories, then faults 3 over 3 segments, then --each with
                       4 appends (some ten minutes, and 2 GB of memory)
  --states N           give up after so many states
  --summary FILE       append what was found, a line of JSON for each figure
  --help               this

Exit code: 0 when no law is broken, 1 when one is, 2 for wrong arguments. With --drop, 1 is what should come out.
)";

struct Options {
  Bounds bounds;
  std::optional<Directories> directories;
  Rules rules;
  std::uint64_t states_max = UINT64_MAX;
  bool each = false;
  bool deep = false;
  std::string summary;
};

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

// Whether the option and its value were understood.
bool take(Options& options, std::string_view name, std::string_view value) {
  const auto number = [&](unsigned& into, unsigned min, unsigned max) {
    const auto parsed = parse_number(value, max);
    if (parsed) into = static_cast<unsigned>(*parsed);
    return parsed && *parsed >= min;
  };
  if (name == "--appends") return number(options.bounds.appends, 0, 6);
  if (name == "--faults") return number(options.bounds.faults, 0, 6);
  if (name == "--segments") return number(options.bounds.segments, 1, segments_max);
  if (name == "--rots") return number(options.bounds.rots, 0, 6);
  if (name == "--summary") {
    options.summary = value;
    return true;
  }
  if (name == "--states") {
    const auto parsed = parse_number(value, UINT64_MAX);
    options.states_max = parsed.value_or(0);
    return parsed.has_value();
  }
  if (name == "--directories") {
    if (value == "in_order") options.directories = Directories::in_order;
    if (value == "in_any_order") options.directories = Directories::in_any_order;
    return options.directories.has_value();
  }
  if (name == "--drop") {
    const auto precaution = parse_precaution(value);
    if (precaution) options.rules.drop(*precaution);
    return precaution.has_value();
  }
  return false;
}

class Runs {
 public:
  explicit Runs(const Options& options) : options_(options) {}

  // Whether no law was broken.
  bool explore_all() {
    std::vector<Bounds> all{options_.bounds};
    if (options_.deep) {
      all = {{.appends = 4, .faults = 4, .segments = 2}, {.appends = 3, .faults = 3, .segments = 3}};
    }
    bool holds = true;
    for (const Bounds& bounds : all) {
      for (const Directories directories : {Directories::in_order, Directories::in_any_order}) {
        if (options_.directories.value_or(directories) != directories) continue;
        Bounds these = bounds;
        these.directories = directories;
        holds = explore_one(these) && holds;
      }
    }
    return holds;
  }

  // Which precautions are needed within the bounds. Those known to be spare are protocol_test.cpp's to judge.
  void explore_each() {
    for (std::size_t i = 0; i < precautions_count; ++i) {
      const auto precaution = static_cast<Precaution>(i);
      std::optional<Counterexample> found;
      for (unsigned appends = 1; appends <= options_.bounds.appends && !found; ++appends) {
        for (const Directories directories : {Directories::in_order, Directories::in_any_order}) {
          if (found) break;
          Bounds bounds = options_.bounds;
          bounds.appends = appends;
          bounds.directories = directories;
          found = explore(bounds, Rules().drop(precaution), options_.states_max).counterexample;
        }
      }
      std::cout << to_string(precaution) << ": " << (found ? found->violation : "no counterexample") << std::endl;
      found ? ++needed_ : ++spare_;
    }
  }

  void summarize() const {
    std::ofstream out(options_.summary, std::ios::app);
    const auto put = [&](std::string_view figure, std::uint64_t value) {
      out << R"({"suite":"model","figure":")" << figure << R"(","value":)" << value << "}\n";
    };
    put("states", states_);
    put("transitions", transitions_);
    put("counterexamples", counterexamples_);
    if (needed_ + spare_ == 0) return;
    put("precautions", needed_ + spare_);
    put("precautions_with_a_counterexample", needed_);
  }

 private:
  bool explore_one(const Bounds& bounds) {
    const auto begun = std::chrono::steady_clock::now();
    const Exploration found = explore(bounds, options_.rules, options_.states_max);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun;
    states_ += found.states;
    transitions_ += found.transitions;
    std::cout << bounds.appends << " appends, " << bounds.faults << " faults, " << bounds.segments
              << " segments, directories " << (bounds.directories == Directories::in_order ? "in order" : "in any order")
              << ": " << found.states << " states, " << found.transitions << " moves between them, the farthest "
              << found.moves << " moves away, " << elapsed.count() << " s" << (found.complete ? "" : "; stopped there")
              << std::endl;
    if (!found.counterexample) return true;
    ++counterexamples_;
    std::cout << to_string(*found.counterexample);
    return false;
  }

  const Options& options_;
  std::uint64_t states_ = 0;
  std::uint64_t transitions_ = 0;
  std::uint64_t counterexamples_ = 0;
  std::uint64_t needed_ = 0;
  std::uint64_t spare_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") {
      std::cout << help;
      return 0;
    }
    if (name == "--list") {
      for (std::size_t at = 0; at < precautions_count; ++at) std::cout << to_string(static_cast<Precaution>(at)) << '\n';
      return 0;
    }
    if (name == "--each") {
      options.each = true;
    } else if (name == "--deep") {
      options.deep = true;
    } else if (i + 1 == arguments.size() || !take(options, name, arguments[i + 1])) {
      std::cerr << "scripts/model: wrong argument " << name << "\n" << help;
      return 2;
    } else {
      ++i;
    }
  }
  if (options.deep) options.bounds.appends = 4;
  Runs runs(options);
  const bool holds = options.each && !options.deep ? true : runs.explore_all();
  if (options.each || options.deep) runs.explore_each();
  if (!options.summary.empty()) runs.summarize();
  return holds ? 0 : 1;
}
