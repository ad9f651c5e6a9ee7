#include "launch/registration.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "child/channel.h"
#include "launch/errno_text.h"
#include "profile/words.h"

namespace hutch {
namespace {

constexpr std::chrono::milliseconds kWorthTelling{50};
constexpr std::size_t kMostWaiting = 16;
constexpr std::size_t kLongestName = 40;

std::uint64_t now_in_milliseconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

/// What of a profile's name can be part of a sandbox's.
std::string name_from(std::string_view profile) {
  if (profile.ends_with(".toml")) profile.remove_suffix(std::string_view(".toml").size());
  std::string name;
  for (const char c : profile.substr(profile.rfind('/') + 1)) {
    if (is_sandbox_name(std::string("x") + c)) name += c;
  }
  name.erase(0, std::min(name.find_first_not_of(".-"), name.size()));
  return name.empty() ? "sandbox" : name.substr(0, kLongestName);
}

/// Of a process that has not been reaped; none if one of them may not be opened.
std::vector<UniqueFd> namespaces_of(pid_t pid) {
  std::vector<UniqueFd> found;
  for (const char* name : kNamespaceFiles) {
    found.emplace_back(::open(fmt::format("/proc/{}/ns/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!found.back()) return {};
  }
  return found;
}

}  // namespace

Result<void> Registration::claim() {
  if (!is_sandbox_name(about_.name)) {
    return fail({.code = "E0916",
                 .what = fmt::format("{} cannot be the name of a sandbox", quoted(about_.name)),
                 .cause = "a name has 1 to 64 letters, digits, `_`, `.` and `-`, and begins with neither of "
                          "the last two"});
  }
  TRY(const RegistryFolder folder, registry_folder(caller_));
  TRY(RunFile entry, RunFile::claim(folder, about_.name));
  entry_.emplace(std::move(entry));
  socket_ = Control::listen(entry_->folder(), entry_->socket_name());
  registered_.started = now_in_milliseconds();
  registered_.profile = about_.profile;
  registered_.command = about_.command;
  if (!entry_->write(registered_)) {
    const int error = errno;
    entry_.reset();
    return fail({.code = "E0426",
                 .what = fmt::format("the sandbox cannot be registered: write: {}", errno_text(error))});
  }
  return {};
}

void Registration::begin(pid_t program, pid_t init, Clock::time_point began) {
  registered_.program = program;
  registered_.init = init;
  due_ = entry_ ? began : began + kWorthTelling;
}

void Registration::tick() {
  due_.reset();
  if (!entry_) {
    about_.name = fmt::format("{}-{}", name_from(about_.profile), ::getpid());
    if (!claim()) return;  // it runs all the same
  }
  publish();
  wants_namespaces_ = awaits_namespaces_ = true;
}

void Registration::publish() {
  if (!entry_) return;
  if (registered_.digest.empty()) registered_.digest = about_.digest();
  if (!entry_->write(registered_)) entry_.reset();  // half of it is worse than nothing: it runs unregistered
}

void Registration::take_namespaces(std::vector<UniqueFd> descriptors) {
  awaits_namespaces_ = false;
  namespaces_ = std::move(descriptors);
  // An init may not be looked into by an ordinary user, a program may.
  for (const pid_t pid : {registered_.init, registered_.program}) {
    if (namespaces_.size() != kNamespaceFileCount) namespaces_ = namespaces_of(pid);
  }
  for (std::size_t i = 0; i < std::min(namespaces_.size(), kNamespaceFileCount); ++i) {
    struct stat found = {};
    const std::string_view file = kNamespaceFiles[i];
    if (::fstat(namespaces_[i].get(), &found) == 0)
      registered_.namespaces.emplace_back(file.substr(0, file.find('_')), found.st_ino);
  }
  publish();
  for (const Asked& asked : waiting_) answer(asked);
  waiting_.clear();
}

void Registration::serve() {
  while (std::optional<Asked> asked = Control::take(fd())) {
    // Until all is known of us; who is told of our plan reads the entry, too.
    if ((awaits_namespaces_ || due_) && waiting_.size() < kMostWaiting) {
      waiting_.push_back(*std::move(asked));
    } else {
      answer(*asked);
    }
  }
}

void Registration::answer(const Asked& asked) {
  switch (asked.question) {
    case Question::describe:
    case Question::describe_json:
      return Control::answer(asked, about_.plan(asked.question == Question::describe_json), {});
    case Question::enter: {
      if (namespaces_.size() != kNamespaceFileCount) return;  // the end of the connection says enough
      std::vector<int> descriptors;
      for (const UniqueFd& each : namespaces_) descriptors.push_back(each.get());
      return Control::answer(asked, about_.walls(), descriptors);
    }
  }
}

}  // namespace hutch
