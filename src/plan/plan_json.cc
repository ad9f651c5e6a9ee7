// The plan as data: JSON, its schema and its digest all come from the fields that each step lists in step.h.
#include <fmt/format.h>

#include <type_traits>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "plan/describe.h"
#include "plan/schema.h"

namespace hutch {
namespace {

const char* phase_word(Phase phase) {
  constexpr const char* kWords[] = {"before_clone", "clone", "parent", "setup", "privileges", "exec"};
  return kWords[static_cast<std::size_t>(phase)];
}

const char* expect_word(Expect expect) {
  constexpr const char* kWords[] = {"anything", "directory", "not_directory", "named_file",
                                    "named_directory"};
  return kWords[static_cast<std::size_t>(expect)];
}

/// Writes one field by its type. Bytes that are no UTF-8 would not survive JSON: such texts are said in
/// hexadecimal.
struct FieldWriter {
  Json& json;

  void operator()(const char* name, ZStr text) const {
    json.key(name);
    write(text);
  }
  void operator()(const char* name, bool truth) const { json.field(name, truth); }
  void operator()(const char* name, int number) const { json.field(name, number); }
  void operator()(const char* name, std::uint32_t number) const {
    if (number == kNone) {
      json.key(name);
      json.null();
    } else {
      json.field(name, std::uint64_t{number});
    }
  }
  void operator()(const char* name, std::uint64_t number) const { json.field(name, number); }
  void operator()(const char* name, Expect expect) const { json.field(name, expect_word(expect)); }
  void operator()(const char* name, MountFlags flags) const {
    json.key(name);
    json.object([&] {
      json.field("set", flags.set);
      json.field("clear", flags.clear);
    });
  }
  template <class T>
  void operator()(const char* name, Borrowed<T> list) const {
    json.key(name);
    json.array([&] {
      for (const T& each : list) write(each);
    });
  }

 private:
  void write(ZStr text) const {
    if (is_plain(text.view())) {
      json.value(text.view());
      return;
    }
    std::string hex;
    for (const char byte : text.view()) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    json.object([&] { json.field("hex", hex); });
  }
  void write(std::uint32_t number) const { json.value(std::uint64_t{number}); }
  void write(const sock_filter& line) const {
    json.array([&] {
      for (const unsigned number :
           {unsigned{line.code}, unsigned{line.jt}, unsigned{line.jf}, unsigned{line.k}})
        json.value(number);
    });
  }
  static bool is_plain(std::string_view text);
};

void write_step(Json& json, const Op& op) {
  std::visit(
      [&json]<class T>(const T& step) {
        json.field("kind", T::kind);
        T::fields(step, FieldWriter{json});
      },
      op);
}

void write_origin(Json& json, const Sources& sources, const Origin& at) {
  json.key("origin");
  if (!at.known()) {
    json.null();
    return;
  }
  json.object([&] {
    json.field("file", sources.name(at.source));
    json.field("line", std::uint64_t{at.line});
    json.field("column", std::uint64_t{at.column});
  });
}

/// What a field may hold, as JSON Schema.
struct FieldSchema {
  Json& json;
  std::vector<std::string>& names;

  void operator()(const char* name, ZStr) const {
    open(name, [this] { text(); });
  }
  void operator()(const char* name, bool) const {
    open(name, [this] { json.field("type", "boolean"); });
  }
  void operator()(const char* name, int) const {
    open(name, [this] { json.field("type", "integer"); });
  }
  void operator()(const char* name, std::uint32_t) const {
    open(name, [this] {
      json.key("type");
      json.array([this] {
        json.value("integer");
        json.value("null");
      });
    });
  }
  void operator()(const char* name, std::uint64_t) const {
    open(name, [this] { json.field("type", "integer"); });
  }
  void operator()(const char* name, Expect) const {
    open(name, [this] {
      json.key("enum");
      json.array([this] {
        for (const Expect each : {Expect::anything, Expect::directory, Expect::not_directory,
                                  Expect::named_file, Expect::named_directory})
          json.value(expect_word(each));
      });
    });
  }
  void operator()(const char* name, MountFlags) const {
    open(name, [this] {
      json.field("type", "object");
      json.field("description", "MOUNT_ATTR_* of mount_setattr(2)");
    });
  }
  template <class T>
  void operator()(const char* name, Borrowed<T>) const {
    open(name, [this] {
      json.field("type", "array");
      json.key("items");
      json.object([this] {
        if constexpr (std::is_same_v<T, ZStr>) {
          text();
        } else if constexpr (std::is_same_v<T, sock_filter>) {
          json.field("type", "array");
        } else {
          json.field("type", "integer");
        }
      });
    });
  }

 private:
  template <class Body>
  void open(const char* name, Body body) const {
    names.emplace_back(name);
    json.key(name);
    json.object(body);
  }
  void text() const {
    json.key("type");
    json.array([this] {
      json.value("string");
      json.value("object");
    });
    json.field("description", "text, or {\"hex\": …} where it is not UTF-8");
  }
};

template <class T>
void step_schema(Json& json) {
  std::vector<std::string> names{"number", "phase", "kind", "text", "origin"};
  json.object([&] {
    json.field("title", T::kind);
    json.field("type", "object");
    json.key("properties");
    json.object([&] {
      json.key("number");
      json.object([&] { json.field("type", "integer"); });
      json.key("phase");
      json.object([&] {
        json.key("enum");
        json.array([&] {
          for (int phase = 0; phase < 6; ++phase) json.value(phase_word(static_cast<Phase>(phase)));
        });
      });
      json.key("kind");
      json.object([&] { json.field("const", T::kind); });
      json.key("text");
      json.object([&] { json.field("type", "string"); });
      json.key("origin");
      json.object([&] { json.field("$ref", "#/$defs/origin"); });
      T::fields(T{}, FieldSchema{json, names});
    });
    json.key("required");
    json.array([&] {
      for (const std::string& name : names) json.value(name);
    });
    json.field("additionalProperties", false);
  });
}

template <class... T>
void step_schemas(Json& json, const std::variant<T...>* /*kinds*/) {
  (step_schema<T>(json), ...);
}

void said_list_schema(Json& json, const char* name, std::initializer_list<const char*> fields) {
  json.key(name);
  json.object([&] {
    json.field("type", "array");
    json.key("items");
    json.object([&] {
      json.field("type", "object");
      json.key("properties");
      json.object([&] {
        for (const char* field : fields) {
          json.key(field);
          json.object([&] { json.field("type", "string"); });
        }
        json.key("origin");
        json.object([&] { json.field("$ref", "#/$defs/origin"); });
      });
      json.field("additionalProperties", false);
    });
  });
}

}  // namespace

bool FieldWriter::is_plain(std::string_view text) { return is_utf8(text); }

std::string plan_json(const Plan& plan, const Sources& sources) {
  Json json;
  json.object([&] {
    json.field("schema_version", 1);
    json.field("profile", plan.profile_name);
    json.field("digest", plan_digest(plan));
    json.key("steps");
    json.array([&] {
      for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        json.object([&] {
          json.field("number", std::uint64_t{i + 1});
          json.field("phase", phase_word(plan.steps[i].phase));
          write_step(json, plan.steps[i].op);
          json.field("text", describe(plan.steps[i].op));
          write_origin(json, sources, plan.steps[i].origin);
        });
      }
    });
    json.key("skipped");
    json.array([&] {
      for (const Skipped& each : plan.skipped) {
        json.object([&] {
          json.field("what", each.what);
          json.field("why", each.why);
          write_origin(json, sources, each.at);
        });
      }
    });
    json.key("unpinned");
    json.array([&] {
      for (const Unpinned& each : plan.unpinned) {
        json.object([&] {
          json.field("name", each.name);
          json.field("wanted", each.wanted);
          json.field("actual", each.actual);
          write_origin(json, sources, each.at);
        });
      }
    });
    json.key("remarks");
    json.array([&] {
      for (const Said<std::string>& each : plan.remarks) {
        json.object([&] {
          json.field("text", *each);
          write_origin(json, sources, each.at);
        });
      }
    });
  });
  return json.text() + "\n";
}

std::string plan_digest(const Plan& plan) {
  Json json(Json::compact);
  json.array([&] {
    for (const Step& step : plan.steps) {
      json.object([&] {
        json.field("phase", phase_word(step.phase));
        write_step(json, step.op);
      });
    }
  });
  return sha256_hex(json.text());
}

namespace {

void origin_schema(Json& json) {
  json.key("origin");
  json.object([&] {
    json.field("description", "where it was asked for; null: the launcher always does this");
    json.key("type");
    json.array([&] {
      json.value("object");
      json.value("null");
    });
    json.key("properties");
    json.object([&] {
      json.key("file");
      json.object([&] { json.field("type", "string"); });
      json.key("line");
      json.object([&] { json.field("type", "integer"); });
      json.key("column");
      json.object([&] { json.field("type", "integer"); });
    });
    json.field("additionalProperties", false);
  });
}

}  // namespace

std::string plan_schema() {
  Json json;
  json.object([&] {
    json.field("$schema", "https://json-schema.org/draft/2020-12/schema");
    json.field("title", "Hutch plan");
    json.field("description",
               "What `hutch plan --json` prints: the ordered steps of a launch, and what was left out.");
    json.field("type", "object");
    json.key("properties");
    json.object([&] {
      json.key("schema_version");
      json.object([&] { json.field("const", 1); });
      json.key("profile");
      json.object([&] { json.field("type", "string"); });
      json.key("digest");
      json.object([&] {
        json.field("type", "string");
        json.field("pattern", "^[0-9a-f]{64}$");
        json.field("description", "SHA-256 over the steps without their origins");
      });
      json.key("steps");
      json.object([&] {
        json.field("type", "array");
        json.key("items");
        json.object([&] {
          json.key("oneOf");
          json.array([&] { step_schemas(json, static_cast<const Op*>(nullptr)); });
        });
      });
      said_list_schema(json, "skipped", {"what", "why"});
      said_list_schema(json, "unpinned", {"name", "wanted", "actual"});
      said_list_schema(json, "remarks", {"text"});
    });
    json.key("required");
    json.array([&] {
      for (const char* name :
           {"schema_version", "profile", "digest", "steps", "skipped", "unpinned", "remarks"})
        json.value(name);
    });
    json.field("additionalProperties", false);
    json.key("$defs");
    json.object([&] { origin_schema(json); });
  });
  return json.text() + "\n";
}

}  // namespace hutch
