#include "build/differences.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/unique_fd.h"

namespace hutch {
namespace {

constexpr std::size_t kPart = std::size_t{64} * 1024;

/// Fills the part unless the file ends.
std::size_t read_part(int file, std::vector<char>& part) {
  std::size_t length = 0;
  while (length < part.size()) {
    const ssize_t got = ::read(file, part.data() + length, part.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  return length;
}

off_t size_of(int file) {
  struct stat facts = {};
  return ::fstat(file, &facts) == 0 ? facts.st_size : 0;
}

}  // namespace

std::string where_they_differ(const std::string& first, const std::string& second) {
  const UniqueFd one(::open(first.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd two(::open(second.c_str(), O_RDONLY | O_CLOEXEC));
  if (!one || !two) return "it is there only once";
  std::vector<char> part_of_one(kPart), part_of_two(kPart);
  for (std::size_t before = 0;;) {
    const std::size_t length = read_part(one.get(), part_of_one);
    const std::size_t other = read_part(two.get(), part_of_two);
    const std::size_t both = std::min(length, other);
    const auto end = part_of_one.begin() + static_cast<std::ptrdiff_t>(both);
    const auto [at, there] = std::mismatch(part_of_one.begin(), end, part_of_two.begin());
    const auto same = static_cast<std::size_t>(at - part_of_one.begin());
    if (same < both || length != other) {
      return fmt::format("byte {} is the first that differs, of {} and {}", before + same + 1,
                         size_of(one.get()), size_of(two.get()));
    }
    if (length == 0) return "their bytes are the same";
    before += length;
  }
}

void show_difference(const std::string& first, const std::string& second) {
  constexpr const char* kTool = "/usr/bin/diffoscope";
  if (::access(kTool, X_OK) < 0) return;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  std::array<std::string, 6> words{"diffoscope", "--text=-", "--max-text-report-size=8000",
                                   "--",         first,      second};
  std::array<char*, 7> pointers{};
  std::ranges::transform(words, pointers.begin(), [](std::string& each) { return each.data(); });
  pid_t tool = -1;
  if (::posix_spawn(&tool, kTool, &actions, nullptr, pointers.data(), ::environ) == 0) {
    while (::waitpid(tool, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::posix_spawn_file_actions_destroy(&actions);
}

}  // namespace hutch
