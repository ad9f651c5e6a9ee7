#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.h"
#include "profile/checker.h"
#include "profile/words.h"

/// The keys whose values have rules of their own.

namespace hutch {
namespace {

struct TextRule {
  std::string_view hint;
  bool (*holds)(std::string_view);
  std::string_view expected;
};

bool is_absolute(std::string_view text) {
  return text.starts_with('/') || text == "~" || text.starts_with("~/");
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

constexpr TextRule kTextRules[] = {
    {"host_name", is_host_name,
     "a host name: at most 64 letters, digits, `-` and `.`, the first and last no sign"},
    {"account", is_account_name,
     "an account's name: at most 32 letters, digits, `_`, `-` and `.`, the first a letter"},
    {"account_path",
     [](std::string_view text) { return is_absolute(text) && text.find_first_of(":\n") == text.npos; },
     "an absolute path inside the sandbox, without \":\""},
    {"inside_path", is_absolute, "an absolute path inside the sandbox"},
    {"env_name", is_environment_name, "the name of a variable"},
    {"kernel", [](std::string_view text) { return kernel_condition_from(text).has_value(); },
     "a condition such as \">=6.2\""},
    {"join", is_join, "a path with a slash, \"pid:N\" or \"sandbox:NAME\""},
    {"cpus", [](std::string_view text) { return cpus_from(text).has_value(); },
     "a list of processors such as \"0-3,8\""},
    {"io_class", [](std::string_view text) { return io_class_from(text).has_value(); },
     "\"idle\", \"best-effort\" or \"realtime\", the latter two with a level: \"best-effort:7\""},
    {"stream",
     [](std::string_view text) {
       return text == "inherit" || text == "null" || text == "~" || text.find('/') != text.npos;
     },
     "\"inherit\", \"null\" or a path with a slash"},
    {"action", is_action, "\"allow\", \"log\", \"errno:NAME\", \"trap\" or \"kill\""},
    {"deny_action", is_denial, "\"errno:NAME\", \"trap\" or \"kill\""},
    {"sha256", is_sha256, "64 hexadecimal digits, lower-case: what `sha256sum` prints"},
    {"syscall_name", is_syscall_name, "the name of a system call or of a @group"},
};

constexpr std::string_view kActionWords[] = {"allow", "log", "trap", "kill", "errno:EPERM", "errno:ENOSYS"};
constexpr std::string_view kStreamWords[] = {"inherit", "null"};

}  // namespace

void Checker::special(const std::string& name, const Value& value, const Key& key) {
  if (key.words == "namespace") return namespace_of(name, value);
  if (key.words == "env") return environment_of(name, value);
  if (key.words.starts_with("limit_")) return limit_of(name, value, key);
  if (key.words == "outside") return outside(name, value, key);
  if (key.words == "choices") return choices(name, value);
  if (key.words == "expect") return expectation(name, value);
  if (key.words != "param_default") return special_text(name, value, key);
  if (!value.string() && !value.integer() && !value.boolean()) {
    return wrong_type(name, "a string, an integer, or true or false", value);
  }
  if (value.string()) no_nul(name, value);
}

void Checker::special_text(const std::string& name, const Value& value, const Key& key) {
  const auto* const rule = std::ranges::find(kTextRules, key.words, &TextRule::hint);
  const std::string* said = value.string();
  if (!said) return wrong_type(name, rule->expected, value);
  no_nul(name, value);
  if (waits(*said) || rule->holds(*said)) return;
  std::string label;
  if (key.words == "stream") {
    if (const auto near = closest(*said, kStreamWords)) label = fmt::format("did you mean \"{}\"?", *near);
  }
  if (key.words == "action" || key.words == "deny_action") {
    const std::size_t first = key.words == "action" ? 0 : 2;  // without "allow" and "log"
    if (const auto near = closest(*said, std::span(kActionWords).subspan(first)))
      label = fmt::format("did you mean \"{}\"?", *near);
  }
  problem("E0105", fmt::format("`{}` is {}, not {}", name, quoted(*said), rule->expected), value.at, label);
}

void Checker::namespace_of(const std::string& name, const Value& value) {
  if (value.string()) return word(name, value, "new host");
  if (!value.table()) return wrong_type(name, "\"new\", \"host\" or a table", value);
  table(*value.table(), name == "time" ? "namespaces.time" : "namespaces.*",
        {.before = " in [namespaces.", .name = name, .after = "]"});
}

void Checker::environment_of(const std::string& name, const Value& value) {
  if (value.string()) return no_nul(name, value);
  const Table* inner = value.table();
  if (!inner) return wrong_type(printable(name), "a string", value);
  table(*inner, "environment.set.*", {.before = " in variable ", .name = name, .is_quoted = true});
  if (!inner->find("value")) {
    problem("E0109", fmt::format("variable {} has no `value`", quoted(name)), value.at);
  }
}

/// One entry of [build.inputs] or [build.outputs].
void Checker::build_entry(const Entry& entry, const Key& key) {
  const bool is_input = key.words == "build_input";
  const std::string_view called = is_input ? "build input" : "build output";
  target(entry.key, entry.key_at, called);
  if (entry.key == "/") problem("E0106", fmt::format("a {} cannot be \"/\"", called), entry.key_at);
  if (is_input && has_glob(entry.key)) {
    problem("E0115", fmt::format("{} is a glob, and an input has one target", quoted(entry.key)),
            entry.key_at, "", "write a backslash before `*`, `?` and `[` if they are meant as they are");
  }
  const Value& value = entry.value;
  if (value.table()) {
    return table(*value.table(), is_input ? "build.inputs.*" : "build.outputs.*",
                 {.before = is_input ? " in input " : " in output ", .name = entry.key, .is_quoted = true});
  }
  if (!value.string()) return wrong_type(printable(entry.key), "a path of the host or a table", value);
  no_nul(entry.key, value);
  if (value.string()->empty())
    problem("E0105", fmt::format("the path for {} cannot be empty", quoted(entry.key)), value.at);
}

void Checker::limit_of(const std::string& name, const Value& value, const Key& key) {
  const Table* inner = value.table();
  if (!inner) return limit_value(name, value, key);
  for (const Entry& each : inner->entries) {
    if (each.key == "soft" || each.key == "hard") {
      limit_value(each.key, each.value, key);
    } else {
      unknown_key(each, "limits.*", {.before = " in limit `", .name = name, .after = "`"});
    }
  }
  for (const std::string_view each : {"soft", "hard"}) {
    if (!inner->find(each)) problem("E0109", fmt::format("limit `{}` has no `{}`", name, each), value.at);
  }
}

void Checker::limit_value(const std::string& name, const Value& value, const Key& key) {
  const LimitUnit unit = limit_unit(key.words);
  const std::string_view expected =
      unit == LimitUnit::plain     ? "a number, a size such as \"1G\", or \"unlimited\""
      : unit == LimitUnit::seconds ? "a number of seconds, a time such as \"30s\", or \"unlimited\""
                                   : "a number of microseconds, a time such as \"500ms\", or \"unlimited\"";
  if (!value.string() && !value.integer()) return wrong_type(name, expected, value);
  if (value.string() && waits(*value.string())) return;
  if (limit_from(value, unit)) return;
  const std::string said = value.string() ? quoted(*value.string()) : fmt::format("{}", *value.integer());
  const auto near = value.string()
                        ? closest(*value.string(), std::span<const std::string_view>({"unlimited"}))
                        : std::nullopt;
  problem("E0105", fmt::format("`{}` is {}, not {}", name, said, expected), value.at,
          near ? fmt::format("did you mean \"{}\"?", *near) : "");
}

void Checker::outside(const std::string& name, const Value& value, const Key& key) {
  if (value.string()) return word(name, value, "self subids");
  if (!value.integer()) return wrong_type(name, "a number, \"self\" or \"subids\"", value);
  integer(name, value, key);
}

void Checker::map_row(const std::string& name, const Table& row, Origin at) {
  table(row, "identity.map", {.before = " in `", .name = name, .after = "`"});
  for (const std::string_view each : {"inside", "outside"}) {
    if (!row.find(each)) problem("E0109", fmt::format("a row of `{}` has no `{}`", name, each), at);
  }
  const Entry* outside = row.find("outside");
  const bool subids = outside && outside->value.string() && *outside->value.string() == "subids";
  if (subids && !row.find("count")) {
    problem("E0109", fmt::format("a row of `{}` with `outside = \"subids\"` has no `count`", name), at);
  }
}

/// One [[seccomp.rule]], or one of its `args`.
void Checker::seccomp_row(const Key& key, const Table& row, Origin at) {
  const bool is_rule = key.name == "rule";
  table(row, is_rule ? "seccomp.rule" : "seccomp.rule.args",
        {.before = is_rule ? " in [[seccomp.rule]]" : " in `args` of [[seccomp.rule]]"});
  const std::string where = is_rule ? "a [[seccomp.rule]]" : "one of `args`";
  const auto needs = [&](std::string_view name) {
    if (!row.find(name)) problem("E0109", fmt::format("{} has no `{}`", where, name), at);
  };
  needs(is_rule ? "syscall" : "index");
  needs(is_rule ? "action" : "value");
  if (is_rule) return;
  const Entry* op = row.find("op");
  if (op && op->value.string() && *op->value.string() == "masked_eq") needs("mask");
}

void Checker::test_row(const Table& row, Origin at) {
  table(row, "test", {.before = " in [[test]]"});
  const Entry* run = row.find("run");
  if (!run) return problem("E0109", "a [[test]] has no `run`", at);
  if (run->value.array() && run->value.array()->empty())
    problem("E0105", "`run` of a [[test]] cannot be empty", run->value.at);
}

void Checker::expectation(const std::string& name, const Value& value) {
  if (value.string()) return word(name, value, "ok denied");
  if (!value.table()) return wrong_type(name, "\"ok\", \"denied\" or a table", value);
  table(*value.table(), "test.expect", {.before = " in `expect`"});
  if (value.table()->entries.empty()) problem("E0109", "`expect` has neither `exit` nor `stdout`", value.at);
}

void Checker::choices(const std::string& name, const Value& value) {
  const Array* items = value.array();
  if (!items) return wrong_type(name, "a list of strings or integers", value);
  for (const Value& each : *items) {
    if (each.string()) {
      no_nul(name, each);
    } else if (!each.integer()) {
      problem(
          "E0103",
          fmt::format("`{}` must be a list of strings or integers, and this is {}", name, type_name(each)),
          each.at);
    }
  }
}

/// A default is of the type that the parameter has.
void Checker::param_of(const std::string& name, const Table& param) {
  const Entry* type = param.find("type");
  const Entry* fallback = param.find("default");
  if (!fallback || (type && !type->value.string())) return;
  const std::string_view wanted = type ? std::string_view(*type->value.string()) : "string";
  const Value& said = fallback->value;
  const bool fits = wanted == "int"                          ? said.integer() != nullptr
                    : wanted == "bool"                       ? said.boolean() != nullptr
                    : wanted == "string" || wanted == "path" ? said.string() != nullptr
                                                             : true;
  const bool told_already = !said.string() && !said.integer() && !said.boolean();
  if (fits || told_already) return;
  problem("E0103",
          fmt::format("parameter `{}` is of type \"{}\", and its default is {}", printable(name), wanted,
                      type_name(said)),
          said.at, type ? "" : "say `type` if it is not to be a string");
}

}  // namespace hutch
