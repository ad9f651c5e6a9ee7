#include "profile/read_build.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "profile/reader.h"

namespace hutch {
namespace {

/// An input is a mount as well; what it is called in [mounts] cannot be something else.
void mount_input(const std::string& target, const BuildInput& input, const Origin& key_at, Profile& into,
                 Diagnostics& wrong) {
  Mount mount{.target = target, .at = input.at, .key_at = key_at};
  if (*input.scratch) {
    mount.type = MountType::overlay;
    mount.lower = {input.source};
    mount.upper = {{"tmpfs", input.scratch.at}};
  } else {
    mount.source = input.source;
  }
  const auto [there, is_new] = into.mounts.try_emplace(target, std::move(mount));
  if (is_new) return;
  wrong.push_back(
      {.code = "E0110",
       .what = fmt::format("{} is an input of the build and a mount, too", quoted(target)),
       .at = key_at,
       .other = there->second.key_at,
       .other_label = "the mount",
       .help = "say it once; an input is mounted read-only, or with `scratch = true` for a while"});
}

void read_inputs(const Reader& build, Profile& into, Diagnostics& wrong) {
  const Value* inputs = build.find("inputs");
  if (inputs == nullptr) return;
  for (const Entry& each : inputs->table()->entries) {
    const Reader reader(each.value.table());
    BuildInput input{.at = each.value.at};
    reader.take("source", input.source, Reader::text);
    reader.take("sha256", input.sha256);
    reader.take("scratch", input.scratch);
    const std::string target = glob_unescape(each.key);
    if (!reader.find("source")) {
      wrong.push_back({.code = "E0109",
                       .what = fmt::format("build input {} has no `source`", quoted(target)),
                       .at = each.value.at});
      continue;
    }
    mount_input(target, input, each.key_at, into, wrong);
    into.build.inputs.insert_or_assign(target, std::move(input));
  }
}

void read_outputs(const Reader& build, Build& into, Diagnostics& wrong) {
  const Value* outputs = build.find("outputs");
  if (outputs == nullptr) return;
  for (const Entry& each : outputs->table()->entries) {
    const Reader reader(each.value.table());
    BuildOutput output{.key_at = each.key_at};
    reader.take("to", output.to, Reader::text);
    reader.take("optional", output.optional);
    if (!reader.find("to")) {
      wrong.push_back({.code = "E0109",
                       .what = fmt::format("build output {} has no `to`", quoted(each.key)),
                       .at = each.value.at});
    }
    into.outputs.insert_or_assign(each.key, std::move(output));
  }
}

}  // namespace

void read_build(const Table& top, Profile& into, Diagnostics& wrong) {
  const Reader reader(top, "build");
  if (reader.table() == nullptr) return;
  read_inputs(reader, into, wrong);
  read_outputs(reader, into.build, wrong);
  reader.take("epoch", into.build.epoch, [](const Value& value) { return *value.integer(); });
  reader.take("record", into.build.record);
  reader.take("allow_unpinned", into.build.allow_unpinned);
  if (!into.build.epoch) return;
  const std::string seconds = fmt::format("{}", **into.build.epoch);
  const auto [there, is_new] =
      into.environment.set.try_emplace("SOURCE_DATE_EPOCH", Said{seconds, into.build.epoch->at});
  if (is_new || *there->second == seconds) return;
  wrong.push_back({.code = "E0110",
                   .what = "`build.epoch` and SOURCE_DATE_EPOCH are different times",
                   .at = into.build.epoch->at,
                   .other = there->second.at,
                   .help = "say `build.epoch` alone: it sets the variable"});
}

}  // namespace hutch
