#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "profile/checker.h"
#include "profile/words.h"

/// [mounts]: targets, words, and which key goes with which type.

namespace hutch {
namespace {

bool takes(const Key& key, std::string_view type) { return key.types.empty() || has_word(key.types, type); }

std::string a(std::string_view type) {
  return fmt::format("{} {}", type == "overlay" || type == "image" ? "an" : "a", type);
}

/// "a tmpfs, a dir or a file"
std::string types_of(const Key& key) {
  const auto types = split(key.types, ' ');
  std::string all;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i > 0) all += i + 1 == types.size() ? " or " : ", ";
    all += a(types[i]);
  }
  return all;
}

std::string_view string_at(const Table& table, std::string_view name) {
  const Entry* entry = table.find(name);
  return entry && entry->value.string() ? std::string_view(*entry->value.string()) : std::string_view();
}

}  // namespace

void Checker::target(const std::string& path, Origin at, std::string_view called) {
  const std::string_view rest = path;
  if (rest.empty())
    return problem("E0106", fmt::format("a {} cannot be empty", called), at,
                   "write an absolute path, such as \"/data\"");
  if (rest.find('\0') != rest.npos)
    return problem("E0106", fmt::format("a {} contains a NUL byte", called), at);
  if (rest == "/") return;
  const bool variable = stage_ == Stage::written && (rest.starts_with("${") || rest.starts_with("~"));
  const auto what = [&path, called] { return fmt::format("{} {}", called, quoted(path)); };
  const bool plain = rest.find("${") == rest.npos;
  if (!rest.starts_with('/') && !variable) {
    const std::string guess = plain ? normalise("/" + path) : "";
    return problem("E0106", what() + " is not absolute", at,
                   guess.empty() ? "" : fmt::format("write {}", quoted(guess)));
  }
  const auto instead = [&] {
    return rest.starts_with('/') && plain ? fmt::format("write {}", quoted(normalise(path))) : "";
  };
  for (std::size_t begin = rest.find('/'); begin != rest.npos;) {
    const std::size_t end = rest.find('/', begin + 1);
    const std::string_view part = rest.substr(begin + 1, end == rest.npos ? end : end - begin - 1);
    if (part.empty())
      return problem("E0106", what() + (end == rest.npos ? " ends in a slash" : " has a \"//\" in it"), at,
                     instead());
    if (part == "." || part == "..")
      return problem("E0106", fmt::format("{} has a \"{}\" in it", what(), part), at, instead());
    begin = end;
  }
}

void Checker::mount(const std::string& target_path, Origin key_at, const Value& value) {
  target(target_path, key_at);
  if (value.string()) return mount_word(target_path, value);
  const Table* inner = value.table();
  if (!inner) {
    return problem(
        "E0103",
        fmt::format("mount {} must be a word or a table, not {}", quoted(target_path), type_name(value)),
        value.at);
  }
  if (stage_ != Stage::merged)
    table(*inner, "mounts.*", {.before = " in mount ", .name = target_path, .is_quoted = true});
  const std::string_view type = string_at(*inner, "type");
  if (!type.empty()) {
    mount_keys(target_path, *inner, type, value.at);
    if (stage_ == Stage::merged) mount_place(target_path, *inner, type, key_at);
  } else if (stage_ == Stage::merged) {
    problem("E0109", fmt::format("mount {} has no `type`", quoted(target_path)), value.at, "",
            "nothing that comes before says what it is; write `type = \"bind\"`, for one");
  }
}

void Checker::mount_word(const std::string& target_path, const Value& value) {
  const std::string& said = *value.string();
  if (waits(said) || mount_of_word(said, value.at)) return;
  const std::string what = fmt::format("mount {} is {}", quoted(target_path), quoted(said));
  if (const auto near = closest(said, mount_words())) {
    return problem("E0104", what + ", which is no word for a mount", value.at,
                   fmt::format("did you mean \"{}\"?", *near));
  }
  std::string help = fmt::format("the words are {}", one_of(mount_words()));
  if (said.find('/') != said.npos)
    help = fmt::format("for a path of the host write {{ type = \"bind\", source = {} }}", quoted(said));
  if (said == "overlay" || said == "image" || said == "file" || said == "symlink" || said == "bind") {
    help = fmt::format("{} needs a table: {{ type = \"{}\", … }}", a(said), said);
  }
  problem("E0104", what + ", which is no word for a mount", value.at, "", help);
}

void Checker::mount_keys(const std::string& target_path, const Table& table, std::string_view type,
                         Origin at) {
  const Key* types = find_key("mounts.*", "type");
  if (!has_word(types->words, type)) return;  // told already, or a variable, or not supported
  for (const Entry& each : table.entries) {
    const Key* key = find_key("mounts.*", each.key);
    if (!key || key->name == "type" || takes(*key, type)) continue;
    problem("E0108", fmt::format("`{}` is not a key of {}", each.key, a(type)), each.key_at,
            fmt::format("it goes with {}", types_of(*key)));
  }
  mount_needs(target_path, table, type, at);
}

void Checker::mount_needs(const std::string& target_path, const Table& table, std::string_view type,
                          Origin at) {
  const auto mount = [&target_path] { return fmt::format("mount {}", quoted(target_path)); };
  const auto needs = [&](std::string_view key, std::string_view why) {
    if (!table.find(key))
      problem("E0109", fmt::format("{} has no `{}`", mount(), key), at, "", std::string(why));
  };
  if (type == "symlink") needs("to", "`to` says where the link leads");
  if (type == "image") needs("source", "`source` is the file with a squashfs, erofs or ext4 in it");
  if (type == "overlay") {
    const Entry* lower = table.find("lower");
    needs("lower", "`lower` lists the directories that are seen through it");
    if (lower && lower->value.array() && lower->value.array()->empty()) {
      problem("E0105", fmt::format("{} has an empty `lower`", mount()), lower->value.at);
    }
    const std::string_view upper = string_at(table, "upper");
    const bool upper_is_path = !upper.empty() && upper != "tmpfs" && !waits(upper);
    if (upper_is_path)
      needs("work", "a host directory as `upper` needs an empty one as `work`, on the same file system");
    if (const Entry* work = table.find("work"); work && (upper == "tmpfs" || !table.find("upper"))) {
      problem("E0110",
              fmt::format("{} has a `work`, which only goes with a host directory as `upper`", mount()),
              work->key_at);
    }
  }
  if (type != "file") return;
  const Entry* content = table.find("content");
  const Entry* source = table.find("source");
  if (!content && !source)
    problem("E0109", mount() + " has neither `content` nor `source`", at, "", "a file has one of them");
  if (!content || !source) return;
  problem("E0110", mount() + " has both `content` and `source`", source->key_at, "a file has one of them");
  found_.back().other = content->key_at;
  found_.back().other_label = "and here is the other";
}

/// What a target may be for a type.
void Checker::mount_place(const std::string& target_path, const Table& table, std::string_view type,
                          Origin key_at) {
  if (target_path == "/") {
    if (type == "tmpfs" || type == "bind" || type == "overlay" || type == "image" || type == "none") return;
    return problem("E0114", fmt::format("the root cannot be {}", a(type)), key_at,
                   "it can be a tmpfs, a bind, an overlay or an image");
  }
  if (!has_glob(target_path) || type == "none" || type == "hidden") return;
  const Entry* source = table.find("source");
  if ((type == "bind" || type == "device") && !source) return;
  problem("E0115",
          fmt::format("{} is a glob, and {} has one target", quoted(target_path),
                      source ? "a bind with a `source`" : a(type)),
          source ? source->key_at : key_at, "",
          "write a backslash before `*`, `?` and `[` if they are meant as they are");
}

}  // namespace hutch
