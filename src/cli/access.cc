#include "plan/access.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"

namespace hutch {
namespace {

struct Access {
  std::string path;
  AccessAnswer answer;
};

std::string rights(const AccessAnswer& answer) {
  if (!answer.visible) return "not visible";
  std::string can;
  const auto add = [&](bool may, std::string_view what) {
    if (may) can.append(can.empty() ? "can " : ", ").append(what);
  };
  add(answer.readable, "read");
  add(answer.writable, "write");
  add(answer.executable, "execute");
  return can.empty() ? "visible, but out of bounds" : can;
}

std::string for_people(const std::vector<Access>& all, const Sources& sources) {
  std::string text;
  for (const auto& [path, answer] : all) {
    text += fmt::format("{}: {}\n", printable(path), rights(answer));
    if (!answer.what.empty()) text += fmt::format("   = {}\n", printable(answer.what));
    text +=
        fmt::format("  --> {}\n", answer.decided_by.known() ? sources.where(answer.decided_by) : "(always)");
  }
  return text;
}

std::string for_programs(const std::vector<Access>& all, const Sources& sources) {
  Json json;
  json.object([&] {
    json.key("paths");
    json.array([&] {
      for (const auto& [path, answer] : all) {
        json.object([&] {
          json.field("path", path);
          json.field("visible", answer.visible);
          json.field("readable", answer.readable);
          json.field("writable", answer.writable);
          json.field("executable", answer.executable);
          json.field("what", answer.what);
          if (!answer.decided_by.known()) return;
          json.field("file", sources.name(answer.decided_by.source));
          json.field("line", answer.decided_by.line);
          json.field("column", answer.decided_by.column);
        });
      }
    });
  });
  return json.text();
}

}  // namespace

int access_command(Session& session) {
  const auto loaded = session.load();
  if (!loaded) {
    session.complain(loaded.error());
    return 1;
  }
  session.complain(loaded->warnings);
  std::vector<Access> all;
  Diagnostics wrong;
  for (std::size_t i = 1; i < session.words.operands.size(); ++i) {
    const std::string& word = session.words.operands[i];
    if (!word.starts_with('/')) {
      wrong.push_back({.code = "E0906",
                       .what = fmt::format("`{}` is not an absolute path", word),
                       .at = session.words.operands_at[i],
                       .help = fmt::format("paths of a sandbox are asked from its root: {}",
                                           absolute_from(session.host.caller().directory, word))});
      continue;
    }
    auto answer = access_of(loaded->profile, session.host, normalise(word));
    if (answer)
      all.push_back({word, *std::move(answer)});
    else
      wrong.insert(wrong.end(), answer.error().begin(), answer.error().end());
  }
  if (!wrong.empty()) {
    session.complain(wrong);
    return 1;
  }
  return session.say(session.wants_json() ? for_programs(all, session.sources)
                                          : for_people(all, session.sources))
             ? 0
             : 1;
}

}  // namespace hutch
