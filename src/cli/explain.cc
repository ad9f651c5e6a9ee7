#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/message_codes.h"
#include "profile/schema.h"

namespace hutch {
namespace {

constexpr std::size_t kWidth = 78;

/// A paragraph in lines of at most kWidth bytes, broken at blanks.
std::string wrapped(std::string_view paragraph) {
  std::string text;
  std::size_t column = 0;
  for (const std::string_view word : split(paragraph, ' ')) {
    if (column != 0 && column + 1 + word.size() > kWidth) {
      text += '\n';
      column = 0;
    } else if (column != 0) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text + '\n';
}

/// "e104" is no code, "e0104" is one.
std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

int explain_command(Session& session) {
  const std::string& topic = session.words.operands[0];
  const auto codes = message_codes();
  const auto found = std::ranges::find(codes, upper(topic), &MessageCode::code);
  if (found != codes.end())
    return session.say(fmt::format("{}: {}\n\n{}", found->code, found->title, wrapped(found->text))) ? 0 : 1;
  if (std::string key = explain_key(topic); !key.empty()) {
    if (!key.ends_with('\n')) key += '\n';
    return session.say(key) ? 0 : 1;
  }
  session.complain(
      {{.code = "E0911",
        .what = fmt::format("`{}` is neither the code of a message nor a key of a profile", topic),
        .at = session.words.operands_at[0],
        .help = "hutch explain E0102, hutch explain mounts.type"}});
  return 2;
}

}  // namespace hutch
