#include "recall/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/byte_stream.h"
#include "launch/registry.h"
#include "plan/codec.h"
#include "recall/kept_launch.h"
#include "relaunch/build_id.h"

namespace hutch {
namespace {

/// What a file holds that nobody else could have written; empty for any other. Not mapped: the pages of a
/// mapping cost more than a copy.
std::string private_file(int file) {
  struct stat found = {};
  if (file < 0 || ::fstat(file, &found) < 0 || !S_ISREG(found.st_mode) || found.st_uid != ::geteuid() ||
      (found.st_mode & 077) != 0 || found.st_nlink > 1 || found.st_size <= 0)
    return {};
  const auto size = static_cast<std::size_t>(found.st_size);
  if (size > kLargestKept) return {};
  std::string bytes(size, '\0');
  if (::pread(file, bytes.data(), size, 0) != found.st_size) return {};
  return bytes;
}

using Environment = std::map<std::string, std::string, std::less<>>;

Exec* exec_of(std::vector<Step>& steps) {
  return steps.empty() ? nullptr : std::get_if<Exec>(&steps.back().op);
}

/// What is handed on as it came is named only.
void forget_values(Exec& exec, const Environment& environment, StringPool& strings) {
  std::vector<ZStr> entries;
  for (const ZStr entry : exec.env) {
    const std::size_t equals = entry.view().find('=');
    const auto own = environment.find(entry.view().substr(0, equals));
    const bool as_it_came = own != environment.end() && entry.view().substr(equals + 1) == own->second;
    entries.push_back(as_it_came ? strings.keep(own->first) : entry);
  }
  exec.env = strings.keep(entries);
}

/// False where the environment does not have a name.
bool recall_values(Exec& exec, const Environment& environment, StringPool& strings) {
  std::vector<ZStr> entries;
  for (const ZStr entry : exec.env) {
    if (entry.view().find('=') != std::string_view::npos) {
      entries.push_back(entry);
      continue;
    }
    const auto own = environment.find(entry.view());
    if (own == environment.end()) return false;
    entries.push_back(strings.keep(own->first + "=" + own->second));
  }
  exec.env = strings.keep(entries);
  point_at_words(exec, strings);
  return true;
}

static_assert(std::is_trivially_copyable_v<Origin> && sizeof(Origin) == 16);

void put(ByteWriter& out, const Origin& at) { out.text({reinterpret_cast<const char*>(&at), sizeof at}); }

Origin origin_in(ByteReader& in) {
  Origin at;
  const std::string_view bytes = in.text();
  if (bytes.size() == sizeof at) std::memcpy(&at, bytes.data(), sizeof at);
  return at;
}

void put_story(ByteWriter& out, const Plan& plan) {
  out.text(plan.profile_name);
  std::string origins;
  for (const Step& step : plan.steps)
    origins.append(reinterpret_cast<const char*>(&step.origin), sizeof step.origin);
  out.text(origins);
  out.number(plan.skipped.size());
  for (const Skipped& each : plan.skipped) {
    out.text(each.what);
    out.text(each.why);
    put(out, each.at);
  }
  out.number(plan.remarks.size());
  for (const Said<std::string>& each : plan.remarks) {
    out.text(*each);
    put(out, each.at);
  }
  out.number(plan.unpinned.size());
  for (const Unpinned& each : plan.unpinned) {
    out.text(each.name);
    out.text(each.wanted);
    out.text(each.actual);
    put(out, each.at);
  }
}

void take_story(ByteReader& in, Plan& plan) {
  const auto text = [&in] { return std::string(in.text()); };
  plan.profile_name = text();
  const std::string_view origins = in.text();
  for (std::size_t i = 0; i < plan.steps.size() && (i + 1) * sizeof(Origin) <= origins.size(); ++i)
    std::memcpy(&plan.steps[i].origin, origins.data() + i * sizeof(Origin), sizeof(Origin));
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    std::string what = text(), why = text();
    plan.skipped.push_back({std::move(what), std::move(why), origin_in(in)});
  }
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    std::string remark = text();
    plan.remarks.push_back({std::move(remark), origin_in(in)});
  }
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    std::string name = text(), wanted = text(), actual = text();
    plan.unpinned.push_back({std::move(name), std::move(wanted), std::move(actual), origin_in(in)});
  }
}

}  // namespace

PlanMemory::PlanMemory(const Host& host, std::vector<std::string> words, const Sources& known)
    : host_(host),
      folder_(plans_folder(host.caller(), false)),
      words_(std::move(words)),
      known_(known.count()) {
  if (!folder_) folder_ = plans_folder(host.caller(), true);
}

/// What must be there byte by byte.
std::string PlanMemory::heading() const {
  ByteWriter out;
  out.text("hutch " HUTCH_VERSION);
  out.text(build_id());
  out.number(known_);
  out.number(words_.size());
  for (const std::string& each : words_) out.text(each);
  return std::move(out).bytes();
}

std::optional<Plan> PlanMemory::recall() {
  if (!folder_) return std::nullopt;
  const std::string name = slot_name(words_, host_.caller().directory, ::environ);
  const UniqueFd file(::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return plan_in(private_file(file.get()), false);
}

void PlanMemory::forget() const {
  if (!folder_) return;
  ::unlinkat(folder_.get(), slot_name(words_, host_.caller().directory, ::environ).c_str(), 0);
}

std::optional<Plan> PlanMemory::adopt(int file) { return plan_in(private_file(file), true); }

std::optional<Plan> PlanMemory::plan_in(std::string_view file, bool is_right) {
  const std::string_view bytes = plan_part(file);
  const std::string expected = heading();
  if (!bytes.starts_with(expected) || build_id().empty()) return std::nullopt;
  ByteReader in(bytes.substr(expected.size()));
  const std::string_view transcript = in.text();
  if (!in.good() || (!is_right && !still_holds(transcript, host_))) return std::nullopt;
  auto plan = decode(in.text());
  if (!plan) return std::nullopt;
  Exec* const exec = exec_of(plan->steps);
  if (exec == nullptr || !recall_values(*exec, host_.caller().environment, plan->strings))
    return std::nullopt;
  take_story(in, *plan);
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    std::string name(in.text()), text(in.text());
    sources_.push_back({std::move(name), std::move(text), std::string(in.text())});
  }
  if (!in.good() || !in.at_end()) return std::nullopt;
  return *std::move(plan);
}

void PlanMemory::tell_sources(Sources& sources) const {
  if (sources.count() != known_) return;
  for (const Source& each : sources_) sources.add(each.name, each.text, each.directory);
}

void PlanMemory::keep(const Plan& plan, const Transcript& transcript, const Sources& sources,
                      bool is_plain) const {
  if (!folder_ || !transcript.good() || build_id().empty()) return;
  Plan bare{.steps = plan.steps, .slots = plan.slots, .pins = plan.pins, .uid = plan.uid, .gid = plan.gid};
  Exec* const exec = exec_of(bare.steps);
  if (exec == nullptr) return;
  forget_values(*exec, host_.caller().environment, bare.strings);

  ByteWriter out(heading());
  out.text(transcript.bytes());
  out.text(encode(bare));
  put_story(out, plan);
  out.number(sources.count() - known_);
  for (std::size_t id = known_ + 1; id <= sources.count(); ++id) {
    const auto source = static_cast<std::uint32_t>(id);
    out.text(sources.name(source));
    out.text(sources.text(source));
    out.text(sources.directory(source));
  }
  const std::string bytes = kept_file(plan, is_plain ? &transcript : nullptr, words_, ::environ, out.bytes());
  if (bytes.size() > kLargestKept) return;

  const std::string name = slot_name(words_, host_.caller().directory, ::environ);
  const std::string unfinished = "." + name;
  const UniqueFd file(::openat(folder_.get(), unfinished.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  // Somebody else is at it, or did not come to the end: then the next launch keeps it.
  const bool written =
      file && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (!written || ::renameat(folder_.get(), unfinished.c_str(), folder_.get(), name.c_str()) < 0)
    ::unlinkat(folder_.get(), unfinished.c_str(), 0);
}

}  // namespace hutch
