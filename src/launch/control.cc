#include "launch/control.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/text.h"
#include "launch/errno_text.h"

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

bool fits(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

struct Packet {
  char letter = 0;
  ucred sender = {-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  std::vector<UniqueFd> descriptors;
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

Result<std::string> read_sealed(int file) {
  struct stat found = {};
  if (::fstat(file, &found) < 0 || found.st_size < 0 || found.st_size > kLongestReply)
    return fail({.code = "E0919", .what = "the sandbox gives no sensible answer"});
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  if (got != found.st_size) return fail({.code = "E0919", .what = "the sandbox gives no sensible answer"});
  return text;
}

std::unexpected<Diagnostics> no_answer(const Registered& sandbox, std::string cause, std::string help = "") {
  return fail({.code = "E0919",
               .what = fmt::format("the sandbox {} does not answer", quoted(sandbox.name)),
               .cause = std::move(cause),
               .help = std::move(help)});
}

}  // namespace

UniqueFd Control::listen(const std::string& path) {
  if (!fits(path)) return {};
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const sockaddr_un address = address_of(path);
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
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  std::vector<int> all{file.get()};
  all.insert(all.end(), descriptors.begin(), descriptors.end());
  send(asked.answer_on.get(), kAnswered, all);
}

Result<Reply> ask(const Registered& sandbox, Question question) {
  const std::string path = sandbox.folder + "/" + sandbox.name + ".sock";
  std::array<int, 2> ends{-1, -1};
  if (!fits(path) || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0)
    return no_answer(sandbox, fmt::format("socketpair: {}", errno_text(errno)));
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      !send(socket.get(), static_cast<char>(question), {theirs.get()}))
    return no_answer(sandbox, fmt::format("{}: {}", path, errno_text(errno)));
  theirs.reset();
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
  if (!packet || packet->descriptors.empty()) {
    return no_answer(sandbox,
                     question == Question::enter
                         ? "it cannot be entered: its namespaces are not known (`process.init = false`, or "
                           "no /proc where it was started)"
                         : "it is just ending");
  }
  Reply reply;
  TRY(reply.text, read_sealed(packet->descriptors.front().get()));
  packet->descriptors.erase(packet->descriptors.begin());
  reply.descriptors = std::move(packet->descriptors);
  return reply;
}

}  // namespace hutch
