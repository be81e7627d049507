// The report as a page of HTML.
#include <fmt/core.h>

#include <algorithm>

#include "audit_report.hpp"
#include "batpak/timestamp.hpp"
#include "batpak/version.hpp"
#include "display_text.hpp"
#include "key_span_text.hpp"
#include "quantity.hpp"
#include "verify_text.hpp"

namespace batpak::cli {
namespace {

constexpr std::string_view style = R"(<style>
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --dim: #6e7781; --bar: #8882; --ink: #4184e4; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--line); padding: .25rem .6rem .25rem 0;
text-align: left; vertical-align: top; } th { font-weight: 600; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim { color: var(--dim); }
.verdict { border: 1px solid var(--line); border-left: .5rem solid; border-radius: .3rem; padding: .8rem 1rem; font-size: 1.1rem; }
svg { width: 100%; height: auto; } svg text { font: 11px ui-monospace, monospace; fill: currentColor; }
</style>
)";

// Names and paths come from a log that anybody may have written.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char character : printable(text)) {
    switch (character) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += character;
    }
  }
  return out;
}

std::string code(std::string_view text) { return "<code>" + escaped(text) + "</code>"; }

class Page {
 public:
  explicit Page(const AuditReport& report) : report_(report), found_(report.found) {}

  std::string write() {
    text_ = std::string(audit_page_beginning) + "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Audit of " +
            escaped(report_.directory) + "</title>\n" + std::string(style) + "</head>\n<body>\n";
    text_ += "<h1>Audit of " + code(report_.directory) + "</h1>\n";
    write_verdict();
    write_subject();
    write_keys();
    write_picture();
    write_findings();
    write_laws();
    write_limits();
    text_ +=
        fmt::format("<p class=\"dim\">Made by batpak {} at {}; every figure was recomputed from the files' bytes.</p>\n",
                    version, format_time(report_.made_at));
    return text_ + "</body>\n</html>\n";
  }

 private:
  void row(std::string_view name, const std::string& value) {
    text_ += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, value);
  }

  void write_verdict() {
    const std::uint64_t findings = found_.findings.size() + found_.findings_omitted;
    text_ += fmt::format("<p class=\"verdict {}\">{} <span class=\"dim\">{}.</span></p>\n", found_.clean() ? "good" : "bad",
                         found_.clean() ? "Nothing was found wrong by any law that was checked."
                                        : counted(findings, "finding", "findings") + ": see below.",
                         report_.verdict());
  }

  void write_subject() {
    text_ += "<h2>What was checked</h2>\n<table>\n";
    row("log", code(found_.origin));
    row("holds", fmt::format("{} in {}, {}, {}; {}", counted(found_.events, "event", "events"),
                             counted(found_.streams, "stream", "streams"), counted(found_.commits, "commit", "commits"),
                             counted(found_.segments, "segment", "segments"), byte_size(found_.bytes)));
    row("stands on", found_.checkpoint ? fmt::format("the checkpoint of {} with the root {}",
                                                     counted(found_.checkpoint->size, "event", "events"),
                                                     code(to_string(found_.checkpoint->root)))
                                       : "no checkpoint: the root cannot be computed");
    row("key", report_.key.empty() ? "none was given" : code(report_.key));
    row("signatures", escaped(signatures_text(found_)));
    for (const std::string& restore : restore_texts(found_)) row("restored", escaped(restore));
    for (const KnownCheckpoint& known : report_.against) {
      row("against", fmt::format("{}: {} <span class=\"{}\">{}</span>, its signature {}", code(known.name),
                                 counted(known.checkpoint.size, "event", "events"), report_.held(known) ? "good" : "bad",
                                 report_.held(known) ? "the log goes on from it" : "the log does not go on from it",
                                 report_.verified_signature(known) ? "verified" : "not verified"));
    }
    text_ += "</table>\n";
  }

  void write_keys() {
    if (found_.keys.empty()) return;
    text_ +=
        "<h2>The keys</h2>\n<table>\n<tr><th>from</th><th>until</th><th>how it came</th><th>what became of it</th>"
        "<th>key</th></tr>\n";
    for (const LogKey& key : keys_of(found_.keys)) {
      text_ +=
          fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td{}>{}</td><td>{}</td></tr>\n", key.span.from,
                      key.span.until ? std::to_string(*key.span.until) : "", origin_text(key),
                      key.span.revoked_from ? " class=\"bad\"" : "", state_text(key), code(key_text(key, found_.origin)));
    }
    text_ += "</table>\n";
    for (const std::string& revocation : revocation_texts(found_)) text_ += "<p>Revoked: " + revocation + ".</p>\n";
    if (const std::string unfinished = unfinished_text(found_); !unfinished.empty()) {
      text_ += "<p>Unfinished: " + unfinished + ".</p>\n";
    }
  }

  // A bar for each segment, as long as its bytes; dark where commits are dense; findings in red where they are.
  void write_picture() {
    if (found_.outline.empty()) return;
    constexpr int width = 960;
    constexpr int left = 170;
    constexpr int step = 22;
    std::uint64_t longest = 1;
    for (const SegmentOutline& segment : found_.outline) longest = std::max(longest, segment.bytes);
    const std::size_t shown = std::min<std::size_t>(found_.outline.size(), segments_max);
    text_ += "<h2>The log</h2>\n";
    text_ += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"segments, commits and findings\">\n", width,
                         static_cast<int>(shown) * step + 4);
    for (std::size_t i = 0; i < shown; ++i) {
      const SegmentOutline& segment = found_.outline[found_.outline.size() - shown + i];
      const double full =
          static_cast<double>(width - left) * static_cast<double>(segment.bytes) / static_cast<double>(longest);
      const int y = static_cast<int>(i) * step;
      text_ += fmt::format("<text x=\"0\" y=\"{}\">{}</text>\n", y + 14, segment.first_sequence);
      text_ += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"16\" fill=\"var(--bar)\"><title>{}: {}</title></rect>\n", left,
          y + 2, full, escaped(segment.path),
          fmt::format("{}, {}, {}", counted(segment.events, "event", "events"),
                      counted(segment.commits, "commit", "commits"), byte_size(segment.bytes)));
      write_commits(segment, left, y, full);
      write_marks(segment, left, y, full);
    }
    text_ +=
        "</svg>\n<p class=\"dim\">Each bar is a segment, from its first sequence on, as long as its file; blue where "
        "commits "
        "begin, the darker the more; red where something was found.";
    if (shown < found_.outline.size()) text_ += fmt::format(" The newest {} of {} segments.", shown, found_.outline.size());
    text_ += "</p>\n";
  }

  void write_commits(const SegmentOutline& segment, int left, int y, double full) {
    const std::uint32_t most = *std::ranges::max_element(segment.commits_by_part);
    const double part = full / static_cast<double>(SegmentOutline::parts);
    for (std::size_t i = 0; i < segment.commits_by_part.size(); ++i) {
      if (segment.commits_by_part[i] == 0) continue;
      text_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.2f}\" height=\"16\" fill=\"var(--ink)\" opacity=\"{:.2f}\"/>\n",
          left + part * static_cast<double>(i), y + 2, std::max(part, 0.8), 0.35 + 0.65 * segment.commits_by_part[i] / most);
    }
  }

  void write_marks(const SegmentOutline& segment, int left, int y, double full) {
    for (const Finding& finding : found_.findings) {
      if (finding.path != segment.path) continue;
      const double at =
          static_cast<double>(finding.offset.value_or(0)) / static_cast<double>(std::max<std::uint64_t>(segment.bytes, 1));
      text_ +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{}\" width=\"3\" height=\"20\" fill=\"var(--bad)\"><title>{}</title></rect>\n",
                      left + full * std::min(at, 1.0) - 1, y, escaped(finding.message));
    }
  }

  void write_findings() {
    if (found_.findings.empty()) return;
    text_ +=
        "<h2>Findings</h2>\n<table>\n<tr><th>law</th><th>file</th><th>offset</th><th>sequence</th><th>what is "
        "wrong</th></tr>\n";
    const auto number = [](const std::optional<std::uint64_t>& value) {
      return value ? std::to_string(*value) : std::string();
    };
    for (const Finding& finding : found_.findings) {
      text_ += fmt::format(
          "<tr><td class=\"bad\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
          to_string(finding.law), code(finding.path), number(finding.offset), number(finding.sequence),
          escaped(finding.message));
    }
    text_ += "</table>\n";
    if (found_.findings_omitted > 0) text_ += fmt::format("<p>and {} more</p>\n", grouped(found_.findings_omitted));
  }

  void write_laws() {
    text_ += "<h2>The laws</h2>\n<table>\n<tr><th>law</th><th>what it says</th><th>checked</th></tr>\n";
    for (const LawText& law : law_texts()) {
      std::string outcome = "<span class=\"good\">holds</span>";
      const AuditReport::Check check = report_.check_of(law);
      if (check == AuditReport::Check::broken) {
        outcome =
            fmt::format("<span class=\"bad\">{}</span>", counted(report_.count_findings(law.law), "finding", "findings"));
      } else if (check == AuditReport::Check::not_checked) {
        outcome = "<span class=\"dim\">not checked</span>";
      } else if (check == AuditReport::Check::nothing_to_check) {
        outcome = "<span class=\"dim\">nothing to check</span>";
      }
      text_ += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", to_string(law.law), law.holds, outcome);
    }
    text_ += "</table>\n";
  }

  void write_limits() {
    text_ += "<h2>What this report cannot know</h2>\n<ul>\n";
    for (const std::string& limit : report_.limits()) text_ += "<li>" + escaped(limit) + "</li>\n";
    text_ += "</ul>\n";
  }

  static constexpr std::size_t segments_max = 200;

  const AuditReport& report_;
  const VerifyReport& found_;
  std::string text_;
};

}  // namespace

std::string audit_page(const AuditReport& report) { return Page(report).write(); }

}  // namespace batpak::cli
