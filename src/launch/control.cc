#include "launch/control.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/text.h"
#include "child/channel.h"
#include "launch/become_owner.h"
#include "launch/errno_text.h"
#include "launch/seals.h"

namespace hutch {
namespace {

constexpr std::size_t kMostDescriptors = 16;
constexpr char kAnswered = 'a', kRefused = 'r';
constexpr int kPatience = 3000;  ///< milliseconds
constexpr off_t kLongestReply = 64 << 20;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

/// A path of any length, through a descriptor that cannot be exchanged meanwhile.
std::string by_descriptor(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

struct Packet {
  char letter = 0;
  ucred sender = {-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  std::vector<UniqueFd> descriptors;
  bool whole = true;
};

std::optional<Packet> receive(int socket) {
  Packet packet;
  iovec piece = {&packet.letter, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int)) + CMSG_SPACE(sizeof(ucred))>
      control{};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return std::nullopt;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_CREDENTIALS)
      std::memcpy(&packet.sender, CMSG_DATA(each), sizeof packet.sender);
    if (each->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (each->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
  packet.whole = got == 1 && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (got == 0) packet.letter = 0;
  return packet;
}

bool send(int socket, char letter, const std::vector<int>& descriptors) {
  iovec piece = {&letter, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
  }
  return ::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

bool shares(const char* name, pid_t pid) {
  struct stat own = {}, other = {};
  return ::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &own) == 0 &&
         ::stat(fmt::format("/proc/{}/ns/{}", pid, name).c_str(), &other) == 0 && own.st_ino == other.st_ino;
}

/// The same user, and not from inside of a sandbox in which the folder happens to be visible: that would be a
/// way out of one and into another.
bool may_ask(const ucred& sender) {
  if (sender.uid == 0 && ::geteuid() != 0) return true;
  return sender.uid == ::geteuid() && shares("user", sender.pid) && shares("pid", sender.pid);
}

std::unexpected<Diagnostics> no_answer(const Registered& sandbox, std::string cause, std::string help = "") {
  return fail({.code = "E0919",
               .what = fmt::format("the sandbox {} does not answer", quoted(sandbox.name)),
               .cause = std::move(cause),
               .help = std::move(help)});
}

std::unexpected<Diagnostics> not_believed(const Registered& sandbox, const char* why) {
  return no_answer(
      sandbox, fmt::format("what answers is not its launcher, or is one that was tampered with: {}", why));
}

Result<std::string> read_sealed(const Registered& sandbox, int file) {
  struct stat found = {};
  if (const int seals = ::fcntl(file, F_GET_SEALS); seals < 0 || (seals & kSeals) != kSeals)
    return not_believed(sandbox, "its text is no sealed memfd");
  if (::fstat(file, &found) < 0 || found.st_size < 0 || found.st_size > kLongestReply)
    return not_believed(sandbox, "its text is too long");
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  if (got != found.st_size) return not_believed(sandbox, "its text cannot be read");
  return text;
}

/// In the order of kNamespaceFiles.
constexpr std::array<int, kNamespaceFileCount> kFileTypes{CLONE_NEWUSER,   CLONE_NEWNS,  CLONE_NEWPID,
                                                          CLONE_NEWIPC,    CLONE_NEWUTS, CLONE_NEWNET,
                                                          CLONE_NEWCGROUP, CLONE_NEWTIME};

bool are_namespaces(const std::vector<UniqueFd>& descriptors) {
  if (descriptors.size() != kFileTypes.size()) return false;
  for (std::size_t i = 0; i < kFileTypes.size(); ++i) {
    struct statfs on = {};
    const int fd = descriptors[i].get();
    if (::fstatfs(fd, &on) < 0 || on.f_type != NSFS_MAGIC || ::ioctl(fd, NS_GET_NSTYPE) != kFileTypes[i])
      return false;
  }
  return true;
}

/// The socket in the place of the sandbox's, opened; nothing (with errno) if its owner did not make it.
UniqueFd open_socket(const Registered& sandbox) {
  UniqueFd socket(
      ::openat(sandbox.folder->get(), (sandbox.name + ".sock").c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found = {};
  if (!socket || ::fstat(socket.get(), &found) < 0) return {};
  if (S_ISSOCK(found.st_mode) && found.st_uid == sandbox.owner) return socket;
  errno = ENOTSOCK;
  return {};
}

}  // namespace

UniqueFd Control::listen(const UniqueFd& folder, const std::string& name) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const sockaddr_un address = address_of(by_descriptor(folder.get()) + "/" + name);
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return {};
  return socket;
}

std::optional<Asked> Control::take(int socket) {
  while (std::optional<Packet> packet = receive(socket)) {
    if (packet->descriptors.size() != 1) continue;
    if (!may_ask(packet->sender)) {
      send(packet->descriptors.front().get(), kRefused, {});
      continue;
    }
    return Asked{static_cast<Question>(packet->letter), std::move(packet->descriptors.front())};
  }
  return std::nullopt;
}

void Control::answer(const Asked& asked, std::string_view text, const std::vector<int>& descriptors) {
  const UniqueFd file(::memfd_create("hutch-answer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return;
  ::fcntl(file.get(), F_ADD_SEALS, kSeals);
  std::vector<int> all{file.get()};
  all.insert(all.end(), descriptors.begin(), descriptors.end());
  send(asked.answer_on.get(), kAnswered, all);
}

Result<Reply> ask(const Registered& sandbox, Question question) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0)
    return no_answer(sandbox, fmt::format("socketpair: {}", errno_text(errno)));
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const int on = 1;
  const UniqueFd place = open_socket(sandbox);
  const UniqueFd socket(place ? ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1);
  const sockaddr_un address = address_of(by_descriptor(place.get()));
  // Root asks as root, which the launcher can see, and is the owner from there on.
  if (!socket || ::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      !send(socket.get(), static_cast<char>(question), {theirs.get()}))
    return no_answer(sandbox,
                     fmt::format("its socket beside {}: {}", printable(sandbox.path), errno_text(errno)));
  theirs.reset();
  TRY_DO(become_owner(sandbox));
  pollfd end = {ours.get(), POLLIN, 0};
  if (::poll(&end, 1, kPatience) <= 0) {
    return no_answer(sandbox, "its launcher is stopped, or very busy",
                     fmt::format("if it was stopped: kill -CONT {}", sandbox.launcher));
  }
  std::optional<Packet> packet = receive(ours.get());
  if (packet && packet->letter == kRefused) {
    return no_answer(sandbox, "it answers nobody but its own user, and nobody who is in another sandbox",
                     "ask from where it was started");
  }
  if (!packet || packet->letter == 0) {
    return no_answer(sandbox,
                     question == Question::enter
                         ? "it cannot be entered: its namespaces are not known (`process.init = false`, or "
                           "no /proc where it was started)"
                         : "it is just ending");
  }
  if (packet->sender.pid <= 0 || packet->sender.pid != sandbox.launcher ||
      packet->sender.uid != sandbox.owner)
    return not_believed(sandbox, "it is another process than the one that holds the lock");
  if (packet->letter != kAnswered || !packet->whole || packet->descriptors.empty())
    return not_believed(sandbox, "it does not speak as a launcher does");
  Reply reply;
  TRY(reply.text, read_sealed(sandbox, packet->descriptors.front().get()));
  packet->descriptors.erase(packet->descriptors.begin());
  reply.descriptors = std::move(packet->descriptors);
  if (question == Question::enter ? !are_namespaces(reply.descriptors) : !reply.descriptors.empty())
    return not_believed(sandbox, "its descriptors are not the namespaces of a sandbox");
  return reply;
}

}  // namespace hutch
