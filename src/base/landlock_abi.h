#pragma once

#include <cstdint>

/// The words of landlock(7) up to ABI 7, since the kernel headers of a distribution may know fewer. Only the
/// kernel reads these; what they are called in the profile language is in filter/landlock.h.

namespace hutch::landlock {

// Rights to files: landlock_ruleset_attr.handled_access_fs.
inline constexpr std::uint64_t kExecute = 1U << 0;
inline constexpr std::uint64_t kWriteFile = 1U << 1;
inline constexpr std::uint64_t kReadFile = 1U << 2;
inline constexpr std::uint64_t kReadDir = 1U << 3;
inline constexpr std::uint64_t kRemoveDir = 1U << 4;
inline constexpr std::uint64_t kRemoveFile = 1U << 5;
inline constexpr std::uint64_t kMakeChar = 1U << 6;
inline constexpr std::uint64_t kMakeDir = 1U << 7;
inline constexpr std::uint64_t kMakeReg = 1U << 8;
inline constexpr std::uint64_t kMakeSock = 1U << 9;
inline constexpr std::uint64_t kMakeFifo = 1U << 10;
inline constexpr std::uint64_t kMakeBlock = 1U << 11;
inline constexpr std::uint64_t kMakeSym = 1U << 12;
inline constexpr std::uint64_t kRefer = 1U << 13;     ///< ABI 2
inline constexpr std::uint64_t kTruncate = 1U << 14;  ///< ABI 3
inline constexpr std::uint64_t kIoctlDev = 1U << 15;  ///< ABI 5

/// The rights that a file can have; a rule for one that names others is EINVAL.
inline constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

// handled_access_net, ABI 4.
inline constexpr std::uint64_t kBindTcp = 1U << 0;
inline constexpr std::uint64_t kConnectTcp = 1U << 1;

// scoped, ABI 6.
inline constexpr std::uint64_t kScopeAbstractUnixSocket = 1U << 0;
inline constexpr std::uint64_t kScopeSignal = 1U << 1;

// Flags of landlock_restrict_self(2), ABI 7.
inline constexpr std::uint64_t kLogNewExecOn = 1U << 1;
inline constexpr std::uint64_t kLogSubdomainsOff = 1U << 2;

/// landlock_create_ruleset(NULL, 0, this) gives the ABI.
inline constexpr unsigned kVersion = 1U << 0;

struct RulesetAttributes {
  std::uint64_t files = 0, network = 0, scope = 0;
};

inline constexpr unsigned kRulePathBeneath = 1;
struct [[gnu::packed]] PathBeneath {
  std::uint64_t rights = 0;
  std::int32_t parent_fd = -1;
};

inline constexpr unsigned kRuleNetPort = 2;
struct NetPort {
  std::uint64_t rights = 0, port = 0;
};

}  // namespace hutch::landlock
