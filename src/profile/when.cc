#include "profile/when.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "profile/words.h"

namespace hutch {
namespace {

using Checked = std::expected<WhenVerdict, Diagnostic>;

WhenVerdict no(std::string why) { return {false, std::move(why)}; }

WhenVerdict check_exists(const std::string& said, const Value& value, const Variables& variables) {
  const std::string& folder = variables.sources().directory(value.at.source);
  if (folder.empty() && !said.starts_with('/')) return no("there is no current directory to start from");
  const std::string path = absolute_from(folder, said);
  if (variables.host().follow(path).kind != FileKind::missing) return {};
  return no(fmt::format("the host has no {}", printable(path)));
}

Checked check_param(const std::string& name, const Value& value, const Variables& variables) {
  const std::string* given = variables.parameter(name);
  if (!given) {
    const auto near = closest(name, variables.parameter_names());
    return std::unexpected(
        Diagnostic{.code = "E0204",
                   .what = fmt::format("there is no parameter `{}`", printable(name)),
                   .at = value.at,
                   .label = near ? fmt::format("did you mean \"{}\"?", *near)
                                 : fmt::format("no [params.{}] declares it", printable(name))});
  }
  if (*given == "false") return no(fmt::format("parameter `{}` is false", name));
  if (given->empty()) return no(fmt::format("parameter `{}` is empty", name));
  return WhenVerdict{};
}

WhenVerdict check_kernel(std::string_view said, const Kernel& kernel) {
  const auto condition = kernel_condition_from(said);
  if (!condition) return no(fmt::format("{} is no condition", quoted(said)));
  const auto here = std::pair(kernel.major, kernel.minor);
  const auto wanted = std::pair(condition->major, condition->minor);
  const std::string_view sign = condition->comparison;
  const bool holds = sign == ">="   ? here >= wanted
                     : sign == "<=" ? here <= wanted
                     : sign == ">"  ? here > wanted
                     : sign == "<"  ? here < wanted
                                    : here == wanted;
  if (holds) return {};
  return no(fmt::format("the kernel is {}.{}, not {}", kernel.major, kernel.minor, said));
}

Checked check_one(const Entry& entry, const Variables& variables) {
  const Host& host = variables.host();
  if (const bool* root = entry.value.boolean()) {
    if ((host.caller().uid == 0) == *root) return WhenVerdict{};
    return no(*root ? "the caller is not root" : "the caller is root");
  }
  const std::string* text = entry.value.string();
  if (!text) return WhenVerdict{};
  const auto use = entry.key == "exists" ? Variables::Use::path : Variables::Use::text;
  const auto said = variables.expand(*text, entry.value.at, use);
  if (!said && !said.error().excusable) return std::unexpected(said.error().diagnostic);
  if (!said) return no(said.error().diagnostic.what);
  if (entry.key == "exists") return check_exists(*said, entry.value, variables);
  if (entry.key == "param") return check_param(*said, entry.value, variables);
  if (entry.key == "kernel") return check_kernel(*said, host.kernel());
  if (entry.key == "arch") {
    if (*said == host.kernel().architecture) return WhenVerdict{};
    return no(fmt::format("the machine is {}, not {}", host.kernel().architecture, printable(*said)));
  }
  const auto found = host.caller().environment.find(*said);
  if (found == host.caller().environment.end()) return no(fmt::format("{} is not set", printable(*said)));
  if (found->second.empty()) return no(fmt::format("{} is empty", printable(*said)));
  return WhenVerdict{};
}

}  // namespace

std::expected<WhenVerdict, Diagnostic> check_when(const Table& conditions, const Variables& variables) {
  WhenVerdict first;
  for (const Entry& entry : conditions.entries) {
    auto verdict = check_one(entry, variables);
    if (!verdict) return verdict;
    if (first.holds && !verdict->holds) first = *std::move(verdict);
  }
  return first;
}

}  // namespace hutch
