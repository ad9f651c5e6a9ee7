#include "profile/expand.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "profile/when.h"
#include "profile/words.h"

namespace hutch {
namespace {

using Use = Variables::Use;

class Expander {
 public:
  Expander(const Variables& variables, std::vector<Skipped>& skipped)
      : variables_(variables), skipped_(skipped) {}

  void profile(Table& top) {
    for (const std::string_view once : {"schema", "extends", "when", "params"}) top.remove(once);
    for (Entry& each : top.entries) {
      if (each.key == "mounts") {
        mounts(*each.value.table());
      } else if (each.key == "environment") {
        environment(*each.value.table());
      } else if (each.key == "process") {
        process(*each.value.table());
      } else if (each.key == "namespaces") {
        namespaces(*each.value.table());
      } else if (each.key == "build") {
        build(*each.value.table());
      } else if (each.key == "seccomp") {
        seccomp(*each.value.table());
      } else if (auto undefined = strings(each.value, Use::text)) {
        found_.push_back(std::move(undefined)->diagnostic);
      }
    }
  }
  Diagnostics take() { return std::move(found_); }

 private:
  std::optional<NoValue> strings(Value& value, Use use) const {
    return expand_strings(value, variables_, use);
  }

  /// A path of the host starts at the folder of the file that says it.
  [[nodiscard]] std::optional<NoValue> start_at_folder(Value& value, bool in_list = false) const {
    std::string& path = *value.string();
    const std::string_view removal = in_list && path.starts_with('!') ? "!" : "";
    const std::string_view rest = std::string_view(path).substr(removal.size());
    if (rest.empty()) return std::nullopt;
    const std::string& folder = variables_.sources().directory(value.at.source);
    if (folder.empty() && !rest.starts_with('/')) {
      return NoValue{
          {.code = "E0212",
           .what = fmt::format("the path {} is relative, and there is no folder to start from", quoted(rest)),
           .at = value.at,
           .cause = "the current directory was deleted, or cannot be read",
           .help = "write an absolute path"}};
    }
    path = std::string(removal) + absolute_from(folder, rest);
    return std::nullopt;
  }

  /// Takes `when` out of an entry's table. True if the entry stays.
  bool passes_when(Entry& entry, const std::string& what, bool& has_when) {
    Table* table = entry.value.table();
    const Entry* when = table ? table->find("when") : nullptr;
    if (!when) return true;
    has_when = true;
    const auto verdict = check_when(*when->value.table(), variables_);
    if (!verdict) {
      found_.push_back(verdict.error());
      return false;
    }
    if (!verdict->holds) {
      skipped_.push_back({what, verdict->why, entry.key_at});
      return false;
    }
    table->remove("when");
    return true;
  }

  /// True if the entry stays without the value that is missing; else it is left out or reported.
  void leave_out(NoValue missing, bool excused, const std::string& what, Origin at) {
    if (excused && missing.excusable) {
      skipped_.push_back({what, missing.diagnostic.what, at});
    } else {
      found_.push_back(std::move(missing.diagnostic));
    }
  }

  static bool is_optional(const Value& mount) {
    if (const std::string* word = mount.string()) return word->ends_with('?');
    const Entry* optional = mount.table() ? mount.table()->find("optional") : nullptr;
    return optional && optional->value.boolean() && *optional->value.boolean();
  }

  std::optional<NoValue> mount_values(Value& mount) const {
    Table* table = mount.table();
    if (!table) return strings(mount, Use::text);
    for (Entry& each : table->entries) {
      const bool host_path =
          each.key == "source" || each.key == "lower" || each.key == "upper" || each.key == "work";
      if (auto undefined = strings(each.value, host_path || each.key == "to" ? Use::path : Use::text))
        return undefined;
      if (!host_path) continue;
      if (Array* list = each.value.array()) {
        for (Value& layer : *list) {
          if (auto missing = start_at_folder(layer, true)) return missing;
        }
      } else if (each.key != "upper" || *each.value.string() != "tmpfs") {
        if (auto missing = start_at_folder(each.value)) return missing;
      }
    }
    return std::nullopt;
  }

  std::optional<NoValue> mount_key(Entry& mount) {
    auto key = variables_.expand(mount.key, mount.key_at, Use::target);
    if (!key) return std::move(key).error();
    const bool changed = *key != mount.key;
    mount.key = *std::move(key);
    if (changed && mount.key.starts_with('/')) mount.key = normalise(mount.key);
    return std::nullopt;
  }

  void mounts(Table& table) {
    Table kept;
    for (Entry& each : table.entries) {
      const std::string what = fmt::format("mount {}", quoted(each.key));
      bool excused = is_optional(each.value);
      if (!passes_when(each, what, excused)) continue;
      auto missing = mount_key(each);
      if (!missing) missing = mount_values(each.value);
      if (missing) {
        leave_out(*std::move(missing), excused, what, each.key_at);
        continue;
      }
      if (const Entry* twin = kept.find(each.key)) {
        found_.push_back({.code = "E0205",
                          .what = fmt::format("mount {} is said twice", quoted(each.key)),
                          .at = each.key_at,
                          .label = "the same path in other words",
                          .other = twin->key_at,
                          .other_label = "the first time"});
        continue;
      }
      kept.put(std::move(each));
    }
    table = std::move(kept);
  }

  void environment(Table& table) {
    for (Entry& each : table.entries) {
      if (each.key == "set") {
        environment_set(*each.value.table());
      } else if (auto undefined = strings(each.value, Use::text)) {
        found_.push_back(std::move(undefined)->diagnostic);
      }
    }
  }

  void environment_set(Table& table) {
    Table kept;
    for (Entry& each : table.entries) {
      const std::string what = fmt::format("variable {}", quoted(each.key));
      bool excused = false;
      if (!passes_when(each, what, excused)) continue;
      if (auto missing = strings(each.value, Use::text)) {
        leave_out(*std::move(missing), excused, what, each.key_at);
      } else {
        kept.put(std::move(each));
      }
    }
    table = std::move(kept);
  }

  void process(Table& table) {
    for (Entry& each : table.entries) {
      const bool stream = each.key == "stdin" || each.key == "stdout" || each.key == "stderr";
      if (auto undefined = strings(each.value, stream || each.key == "cwd" ? Use::path : Use::text)) {
        found_.push_back(std::move(undefined)->diagnostic);
      } else if (stream && each.value.string() && *each.value.string() != "inherit" &&
                 *each.value.string() != "null") {
        if (auto missing = start_at_folder(each.value)) found_.push_back(std::move(missing)->diagnostic);
      }
    }
  }

  void namespaces(Table& table) {
    for (Entry& each : table.entries) {
      if (auto undefined = strings(each.value, Use::path)) {
        found_.push_back(std::move(undefined)->diagnostic);
        continue;
      }
      if (!each.value.table()) continue;
      for (Entry& key : each.value.table()->entries) {
        const std::string* path = key.value.string();
        const bool of_host =
            path && (key.key == "persist" || (key.key == "join" && path->find('/') != path->npos));
        if (!of_host) continue;
        if (auto missing = start_at_folder(key.value)) found_.push_back(std::move(missing)->diagnostic);
      }
    }
  }

  void build(Table& table) {
    for (Entry& each : table.entries) {
      if (each.key == "inputs" || each.key == "outputs") {
        build_paths(*each.value.table());
      } else if (auto missing = strings(each.value, each.key == "record" ? Use::path : Use::text)) {
        found_.push_back(std::move(missing)->diagnostic);
      } else if (each.key == "record") {
        if (auto no_folder = start_at_folder(each.value)) found_.push_back(std::move(no_folder)->diagnostic);
      }
    }
  }

  void build_paths(Table& table) {
    for (Entry& each : table.entries) {
      auto missing = mount_key(each);
      Table* keys = each.value.table();
      if (!missing && !keys) missing = host_path(each.value);
      for (std::size_t i = 0; !missing && keys && i < keys->entries.size(); ++i) {
        Entry& key = keys->entries[i];
        missing =
            key.key == "source" || key.key == "to" ? host_path(key.value) : strings(key.value, Use::text);
      }
      if (missing) found_.push_back(std::move(missing)->diagnostic);
    }
  }

  [[nodiscard]] std::optional<NoValue> host_path(Value& value) const {
    if (auto missing = strings(value, Use::path)) return missing;
    return start_at_folder(value);
  }

  void seccomp(Table& table) {
    for (Entry& each : table.entries) {
      const bool file = each.key == "file";
      auto missing = strings(each.value, file ? Use::path : Use::text);
      if (!missing && file) missing = start_at_folder(each.value);
      if (missing) found_.push_back(std::move(missing)->diagnostic);
    }
  }

  const Variables& variables_;
  std::vector<Skipped>& skipped_;
  Diagnostics found_;
};

}  // namespace

std::optional<NoValue> expand_strings(Value& value, const Variables& variables, Use use) {
  if (std::string* text = value.string()) {
    auto expanded = variables.expand(*text, value.at, use);
    if (!expanded) return std::move(expanded).error();
    *text = *std::move(expanded);
  } else if (Array* list = value.array()) {
    for (Value& each : *list) {
      if (auto undefined = expand_strings(each, variables, use)) return undefined;
    }
  } else if (Table* table = value.table()) {
    for (Entry& each : table->entries) {
      if (auto undefined = expand_strings(each.value, variables, use)) return undefined;
    }
  }
  return std::nullopt;
}

Diagnostics expand(Value& profile, const Variables& variables, std::vector<Skipped>& skipped) {
  Expander expander(variables, skipped);
  expander.profile(*profile.table());
  return expander.take();
}

}  // namespace hutch
