#include "filter/landlock.h"

#include <algorithm>
#include <array>

#include "base/landlock_abi.h"

namespace hutch {
namespace {

using namespace landlock;

struct Right {
  std::uint64_t bits;
  int abi;
  std::string_view text;
};

constexpr std::uint64_t kMakeAny = kMakeDir | kMakeReg | kMakeSock | kMakeFifo | kMakeSym;

/// Several bits are one row where nobody tells them apart.
constexpr Right kFiles[] = {{kReadFile, 1, "reading files"},
                            {kReadDir, 1, "listing folders"},
                            {kExecute, 1, "executing"},
                            {kWriteFile, 1, "writing files"},
                            {kTruncate, 3, "truncating"},
                            {kMakeAny, 1, "making"},
                            {kMakeChar | kMakeBlock, 1, "making device nodes"},
                            {kRemoveDir | kRemoveFile, 1, "removing"},
                            {kRefer, 2, "moving between folders"},
                            {kIoctlDev, 5, "controlling devices"}};
constexpr Right kNetwork[] = {{kBindTcp, 4, "listening on TCP ports"},
                              {kConnectTcp, 4, "connecting to TCP ports"}};
constexpr Right kScopes[] = {{kScopeSignal, 6, "signals"}, {kScopeAbstractUnixSocket, 6, "abstract sockets"}};
constexpr int kLogAbi = 7;

constexpr std::array<std::string_view, 8> kKernels{"", "5.13", "5.19", "6.2", "6.7", "6.10", "6.12", "6.15"};

std::uint64_t known(std::span<const Right> rights, int abi) {
  std::uint64_t all = 0;
  for (const Right& each : rights) {
    if (each.abi <= abi) all |= each.bits;
  }
  return all;
}

std::string text(std::span<const Right> rights, std::uint64_t bits) {
  std::string all;
  for (const Right& each : rights) {
    if ((bits & each.bits) == 0) continue;
    if (!all.empty()) all += ", ";
    all += each.text;
  }
  return all;
}

int abi_for(std::span<const Right> rights, std::uint64_t bits) {
  int abi = 1;
  for (const Right& each : rights) {
    if ((bits & each.bits) != 0) abi = std::max(abi, each.abi);
  }
  return abi;
}

}  // namespace

std::uint64_t landlock_files(int abi) { return known(kFiles, abi); }
std::uint64_t landlock_network(int abi) { return known(kNetwork, abi); }
std::uint64_t landlock_scope(int abi) { return known(kScopes, abi); }

std::string landlock_files_text(std::uint64_t rights) {
  return rights == 0 ? "nothing" : text(kFiles, rights);
}
std::string landlock_network_text(std::uint64_t rights) { return text(kNetwork, rights); }
std::string landlock_scope_text(std::uint64_t scope) { return text(kScopes, scope); }

std::vector<std::string_view> landlock_scope_words(std::uint64_t scope) {
  std::vector<std::string_view> words;
  if ((scope & kScopeAbstractUnixSocket) != 0) words.emplace_back("abstract_unix_socket");
  if ((scope & kScopeSignal) != 0) words.emplace_back("signal");
  return words;
}

std::string_view landlock_kernel(int abi) {
  return kKernels[static_cast<std::size_t>(std::clamp(abi, 0, static_cast<int>(kKernels.size()) - 1))];
}

int landlock_abi_for(std::uint64_t files, std::uint64_t network, std::uint64_t scope, bool log) {
  return std::max(
      {abi_for(kFiles, files), abi_for(kNetwork, network), abi_for(kScopes, scope), log ? kLogAbi : 1});
}

}  // namespace hutch
