#include "cli/sandbox_json.h"

namespace hutch {

void sandbox_json(Json& json, const Registered& sandbox) {
  json.field("name", sandbox.name);
  json.field("profile", sandbox.profile);
  json.field("command", sandbox.command);
  json.field("digest", sandbox.digest);
  json.field("owner", std::uint64_t{sandbox.owner});
  json.field("started", sandbox.started);
  const auto pid = [&json](const char* name, pid_t number) {
    json.key(name);
    if (number > 0) {
      json.value(number);
    } else {
      json.null();
    }
  };
  pid("launcher", sandbox.launcher);
  pid("init", sandbox.init);
  pid("pid", sandbox.program);
  json.key("namespaces");
  json.object([&] {
    for (const auto& [name, inode] : sandbox.namespaces) json.field(name, inode);
  });
}

}  // namespace hutch
