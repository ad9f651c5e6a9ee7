#include "filter/floor.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace hutch {
namespace {

// Hand-made: libseccomp would take milliseconds at every start to say the same. The numbers are written out
// because the headers only have those of the machine that compiles.
struct Machine {
  std::string_view name;
  std::uint32_t audit;
  std::uint32_t ioctl;
};
constexpr Machine kX86{"x86_64", AUDIT_ARCH_X86_64, 16};
constexpr Machine kArm{"aarch64", AUDIT_ARCH_AARCH64, 29};

constexpr std::uint32_t kTiocsti = 0x5412;
constexpr std::uint32_t kTioclinux = 0x541C;
constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kSkipped = 0xFFFFFFFF;  ///< what a tracer makes of a call that it answers itself

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);
// The kernel takes an ioctl request as 32 bits: whatever is above must not hide it (CVE-2019-10063).
constexpr std::uint32_t kRequest = offsetof(seccomp_data, args) + sizeof(std::uint64_t);
static_assert(std::endian::native == std::endian::little, "kRequest is the low half");

constexpr sock_filter load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
constexpr sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
/// Counts of instructions to skip when the accumulator equals `value`, and when not.
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JEQ | BPF_K, yes, no, value};
}
constexpr sock_filter if_at_least(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JGE | BPF_K, yes, no, value};
}

// Apart from ioctl, every answer depends on architecture and number alone: the kernel then remembers it
// (Linux 5.11) and does not run the filter again.
constexpr std::array kX86Floor{
    load(kArchitecture),                 //  0
    if_equal(kX86.audit, 0, 10),         //  1: else 12
    load(kNumber),                       //  2
    if_at_least(kX32Bit, 0, 1),          //  3: else 5
    if_equal(kSkipped, 4, 6),            //  4: 9, else 11
    if_equal(kX86.ioctl, 0, 3),          //  5: else 9
    load(kRequest),                      //  6
    if_equal(kTiocsti, 2, 0),            //  7: 10
    if_equal(kTioclinux, 1, 0),          //  8: 10
    answer(SECCOMP_RET_ALLOW),           //  9
    answer(SECCOMP_RET_ERRNO | EPERM),   // 10
    answer(SECCOMP_RET_ERRNO | ENOSYS),  // 11
    answer(SECCOMP_RET_KILL_PROCESS),    // 12
};

constexpr std::array kArmFloor{
    load(kArchitecture),                //  0
    if_equal(kArm.audit, 0, 7),         //  1: else 9
    load(kNumber),                      //  2
    if_equal(kArm.ioctl, 0, 3),         //  3: else 7
    load(kRequest),                     //  4
    if_equal(kTiocsti, 2, 0),           //  5: 8
    if_equal(kTioclinux, 1, 0),         //  6: 8
    answer(SECCOMP_RET_ALLOW),          //  7
    answer(SECCOMP_RET_ERRNO | EPERM),  //  8
    answer(SECCOMP_RET_KILL_PROCESS),   //  9
};

}  // namespace

Result<std::vector<sock_filter>> floor_filter(std::string_view architecture) {
  if (architecture == kX86.name) return std::vector<sock_filter>(kX86Floor.begin(), kX86Floor.end());
  if (architecture == kArm.name) return std::vector<sock_filter>(kArmFloor.begin(), kArmFloor.end());
  return fail(
      {.code = "E0420",
       .what = fmt::format("no system call filter is known for the architecture `{}`", architecture),
       .cause = "every sandbox gets a filter, and filters are made of numbers that differ by architecture",
       .help = "Hutch runs on x86_64 and aarch64"});
}

}  // namespace hutch
