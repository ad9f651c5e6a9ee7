#include "base/own_path.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace hutch {
namespace {

std::string g_said;

}  // namespace

std::string own_path() {
  if (!g_said.empty()) return g_said;
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size > 0) return {path, static_cast<std::size_t>(size)};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives the address as a number
  const auto* executed = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (executed == nullptr || executed[0] != '/') return "";
  char* const real = ::realpath(executed, nullptr);
  std::string found = real != nullptr ? real : "";
  std::free(real);
  return found;
}

void set_own_path(std::string path) { g_said = std::move(path); }

}  // namespace hutch
