#include "cli/print_diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/source_line.h"

namespace hutch {
namespace {

struct Palette {
  std::string_view error, warning, note, bold, off;
};
constexpr Palette kPlain{"", "", "", "", ""};
constexpr Palette kColours{"\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"};

std::size_t digits(std::uint32_t number) { return fmt::formatted_size("{}", number); }

class Writer {
 public:
  Writer(const Sources& sources, const Palette& palette) : sources_(sources), paint_(palette) {}

  void write(const Diagnostic& diagnostic) {
    const bool is_error = diagnostic.severity == Severity::error;
    accent_ = is_error ? paint_.error : paint_.warning;
    gutter_ = std::max({std::size_t{2}, digits(diagnostic.at.line), digits(diagnostic.other.line)});
    out_ += fmt::format("{}{}{}{}{}: {}{}\n", accent_, is_error ? "error" : "warning",
                        diagnostic.code.empty() ? "" : "[" + diagnostic.code + "]", paint_.off, paint_.bold,
                        printable(diagnostic.what), paint_.off);
    places(diagnostic);
    remark("cause", diagnostic.cause);
    remark("help", diagnostic.help);
  }

  std::string text() && { return std::move(out_); }

 private:
  void places(const Diagnostic& diagnostic) {
    const Origin& at = diagnostic.at;
    const Origin& other = diagnostic.other;
    if (at.known()) {
      const std::string step = diagnostic.step.empty() ? "" : "   " + printable(diagnostic.step);
      out_ +=
          fmt::format("{:{}}{}-->{} {}{}\n", "", gutter_, paint_.note, paint_.off, sources_.where(at), step);
      // A failed step is about the machine: the place says who asked for it, not that it is wrong.
      if (diagnostic.step.empty()) quote(at, '^', diagnostic.label, accent_);
    } else {
      remark("", diagnostic.step);
    }
    if (!other.known()) return;
    const bool same_file = at.known() && at.source == other.source && diagnostic.step.empty();
    if (!same_file)
      out_ += fmt::format("{:{}}{}{}{} {}\n", "", gutter_, paint_.note, at.known() ? ":::" : "-->",
                          paint_.off, sources_.where(other));
    quote(other, '-', diagnostic.other_label, paint_.note);
  }

  /// "14 | the line" and below it "   |     ^^^^ label".
  void quote(const Origin& place, char mark, const std::string& label, std::string_view colour) {
    if (place.line == 0) return;
    const std::string_view line = sources_.line(place.source, place.line);
    if (line.empty() && place.column == 0) return;
    const ShownLine shown = show_line(line, place.column, place.length);
    const std::string said = label.empty() ? "" : " " + printable(label);
    out_ += fmt::format("{}{:{}} |{}\n", paint_.note, "", gutter_, paint_.off);
    out_ += fmt::format("{}{:>{}} |{} {}\n", paint_.note, place.line, gutter_, paint_.off, shown.text);
    out_ += fmt::format("{}{:{}} |{} {:{}}{}{}{}{}\n", paint_.note, "", gutter_, paint_.off, "", shown.start,
                        colour, std::string(shown.length, mark), said, paint_.off);
  }

  void remark(std::string_view kind, const std::string& text) {
    if (text.empty()) return;
    out_ += fmt::format("{:{}} {}={} ", "", gutter_, paint_.note, paint_.off);
    if (!kind.empty()) out_ += fmt::format("{}{}{}: ", paint_.bold, kind, paint_.off);
    out_ += printable(text) + "\n";
  }

  const Sources& sources_;
  const Palette& paint_;
  std::string_view accent_;
  std::size_t gutter_ = 2;
  std::string out_;
};

void place_json(Json& json, const Origin& place, const Sources& sources) {
  if (!place.known() || place.source > sources.count()) return;
  json.field("file", sources.name(place.source));
  if (place.line == 0) return;
  json.field("line", place.line);
  if (place.column == 0) return;
  json.field("column", place.column);
  json.field("length", place.length);
}

void text_json(Json& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.field(name, text);
}

std::string counted(std::ptrdiff_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

constexpr std::string_view kDiagnosticDefinitions = R"json(    "place": {
      "type": "object",
      "properties": {
        "file": { "type": "string" },
        "line": { "type": "integer" },
        "column": { "type": "integer" },
        "length": { "type": "integer" },
        "label": { "type": "string" }
      },
      "additionalProperties": false
    },
    "diagnostic": {
      "type": "object",
      "properties": {
        "severity": { "enum": ["error", "warning"] },
        "code": { "type": "string", "pattern": "^[EW][0-9]{4}$" },
        "message": { "type": "string" },
        "file": { "type": "string" },
        "line": { "type": "integer" },
        "column": { "type": "integer" },
        "length": { "type": "integer" },
        "label": { "type": "string" },
        "other": { "$ref": "#/$defs/place" },
        "step": { "type": "string" },
        "cause": { "type": "string" },
        "help": { "type": "string" }
      },
      "required": ["severity", "code", "message"],
      "additionalProperties": false
    }
  }
}
)json";

}  // namespace

std::string show_diagnostics(const Diagnostics& diagnostics, const Sources& sources, bool colour) {
  Writer writer(sources, colour ? kColours : kPlain);
  for (const Diagnostic& each : diagnostics) writer.write(each);
  std::string text = std::move(writer).text();
  if (diagnostics.size() < 2) return text;
  const auto errors = std::ranges::count(diagnostics, Severity::error, &Diagnostic::severity);
  const auto warnings = static_cast<std::ptrdiff_t>(diagnostics.size()) - errors;
  if (errors != 0) text += counted(errors, "error");
  if (errors != 0 && warnings != 0) text += ", ";
  if (warnings != 0) text += counted(warnings, "warning");
  return text += "\n";
}

void diagnostics_json(Json& json, const Diagnostics& diagnostics, const Sources& sources) {
  for (const Diagnostic& each : diagnostics) {
    json.object([&] {
      json.field("severity", each.severity == Severity::error ? "error" : "warning");
      json.field("code", each.code);
      json.field("message", each.what);
      place_json(json, each.at, sources);
      text_json(json, "label", each.label);
      if (each.other.known()) {
        json.key("other");
        json.object([&] {
          place_json(json, each.other, sources);
          text_json(json, "label", each.other_label);
        });
      }
      text_json(json, "step", each.step);
      text_json(json, "cause", each.cause);
      text_json(json, "help", each.help);
    });
  }
}

std::string with_diagnostic_definitions(std::string_view schema) {
  return std::string(schema) + std::string(kDiagnosticDefinitions);
}

}  // namespace hutch
