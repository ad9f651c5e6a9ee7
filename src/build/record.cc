#include "build/record.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "launch/usage.h"

namespace hutch {
namespace {

/// RFC 3339, in UTC.
std::string time_text(std::int64_t seconds) {
  const time_t time = seconds;
  tm parts = {};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const std::size_t length = ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

/// RFC 8089: whatever is not unreserved in a URI is written as %XX.
std::string file_uri(std::string_view path) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string uri = "file://";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

class Writer {
 public:
  explicit Writer(const BuildRecord& record) : record_(record) {}

  std::string take() {
    json_.object([&] {
      json_.field("_type", "https://in-toto.io/Statement/v1");
      list("subject", record_.artifacts, [&](const Artifact& each) { artifact(each); });
      json_.field("predicateType", "https://slsa.dev/provenance/v1");
      member("predicate", [&] {
        member("buildDefinition", [&] { definition(); });
        member("runDetails", [&] { run(); });
      });
    });
    return json_.text() + "\n";
  }

 private:
  template <class Body>
  void member(std::string_view name, const Body& body) {
    json_.key(name);
    json_.object(body);
  }
  template <class T, class Body>
  void list(std::string_view name, const std::vector<T>& all, const Body& body) {
    json_.key(name);
    json_.array([&] {
      for (const T& each : all) body(each);
    });
  }
  void texts(std::string_view name, const std::vector<std::string>& all) {
    list(name, all, [&](const std::string& each) { json_.value(each); });
  }
  void digest(const std::string& sha256) {
    member("digest", [&] { json_.field("sha256", sha256); });
  }

  void artifact(const Artifact& each) {
    json_.object([&] {
      json_.field("name", each.name);
      digest(each.sha256);
      if (!each.executable && each.link.empty()) return;
      member("annotations", [&] {
        if (each.executable) json_.field("executable", true);
        if (!each.link.empty()) json_.field("link", each.link);
      });
    });
  }

  void definition() {
    json_.field("buildType", "https://hutch.invalid/build/v1");
    member("externalParameters", [&] {
      const BuildRequest& request = record_.request;
      json_.field("profile", request.profile);
      texts("command", request.command);
      list("options", request.overrides, [&](const auto& each) {
        json_.object([&] {
          json_.field("option", each.first);
          json_.field("toml", each.second);
        });
      });
      member("parameters", [&] {
        for (const auto& [name, value] : request.parameters) json_.field(name, value);
      });
    });
    member("internalParameters", [&] {
      member("plan", [&] { digest(record_.plan_digest); });
      json_.field("epoch", record_.epoch);
      for (const bool pinned : {true, false}) {
        member(pinned ? "pinned" : "unpinned", [&] {
          for (const Fact& each : record_.facts)
            if (each.pinned == pinned) json_.field(each.name, each.value);
        });
      }
    });
    json_.key("resolvedDependencies");
    json_.array([&] {
      dependencies(record_.inputs, "input");
      dependencies(record_.profiles, "profile");
    });
  }

  void dependencies(const std::vector<Dependency>& all, const char* role) {
    for (const Dependency& each : all) {
      json_.object([&] {
        json_.field("name", each.name);
        json_.field("uri", file_uri(each.path));
        digest(each.sha256);
        member("annotations", [&] { json_.field("role", role); });
      });
    }
  }

  void run() {
    utsname names = {};
    ::uname(&names);
    member("builder", [&] {
      json_.field("id", "https://hutch.invalid/builder/local");
      member("version", [&] {
        json_.field("hutch", HUTCH_VERSION);
        json_.field("linux", std::string(names.release));
        json_.field("machine", std::string(names.machine));
      });
    });
    member("metadata", [&] {
      json_.field("startedOn", time_text(record_.built->started));
      json_.field("finishedOn", time_text(record_.built->finished));
    });
    list("byproducts", record_.outputs, [&](const Output& each) {
      json_.object([&] {
        json_.field("name", each.name);
        digest(each.sha256);
        member("annotations", [&] {
          json_.field("role", "output");
          json_.field("path", each.inside);
        });
      });
    });
    member("hutch_run", [&] {
      json_.field("status", record_.built->ending.status);
      member("usage", [&] { write_usage(json_, record_.built->ending.finish); });
    });
    if (record_.rebuilt == nullptr) return;
    member("hutch_rebuilt", [&] {
      json_.field("identical", true);
      texts("changed", record_.rebuilt->changed);
      texts("unchanged", record_.rebuilt->unchanged);
    });
  }

  const BuildRecord& record_;
  Json json_;
};

std::string difference(const Artifact& a, const Artifact& b) {
  if (a.link != b.link) return "it leads to another place, or is not a link both times";
  if (a.sha256 != b.sha256) return fmt::format("sha256 {} and {}", a.sha256, b.sha256);
  return "it is executable only once";
}

}  // namespace

std::string record_json(const BuildRecord& record) { return Writer(record).take(); }

std::vector<Unlike> compare_outputs(const std::vector<Artifact>& first, const std::vector<Artifact>& second) {
  std::map<std::string, std::array<const Artifact*, 2>> by_name;
  for (const Artifact& each : first) by_name[each.name][0] = &each;
  for (const Artifact& each : second) by_name[each.name][1] = &each;
  std::vector<Unlike> all;
  for (const auto& [name, both] : by_name) {
    if (both[0] == nullptr || both[1] == nullptr) {
      all.push_back(
          {name, both[0] == nullptr ? "only the second build made it" : "only the first build made it"});
    } else if (*both[0] != *both[1]) {
      all.push_back({name, difference(*both[0], *both[1])});
    }
  }
  return all;
}

}  // namespace hutch
