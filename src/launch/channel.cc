#include "launch/channel.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "launch/errno_text.h"

namespace hutch {

Result<Channel> Channel::make() {
  std::array<int, 2> ends{-1, -1};
  const int on = 1;
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail({.code = "E0509", .what = "cannot set up the sandbox: socketpair: " + errno_text(errno)});
  }
  Channel channel;
  channel.ours_.reset(ends[0]);
  channel.theirs_.reset(ends[1]);
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0) {
    return fail({.code = "E0509", .what = "cannot set up the sandbox: setsockopt: " + errno_text(errno)});
  }
  return channel;
}

Channel Channel::of(int ours, int theirs) noexcept {
  Channel channel;
  channel.ours_.reset(ours);
  channel.theirs_.reset(theirs);
  return channel;
}

std::optional<Received> Channel::take() {
  if (!ours_) return std::nullopt;
  Received received;
  iovec piece = {&received.message, sizeof received.message};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kNamespaceFileCount * sizeof(int)) + CMSG_SPACE(sizeof(ucred))>
      control{};
  msghdr packet = {};
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  packet.msg_control = control.data();
  packet.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(ours_.get(), &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  for (cmsghdr* header = CMSG_FIRSTHDR(&packet); header != nullptr; header = CMSG_NXTHDR(&packet, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred sender = {};
      std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
      received.sender = sender.pid;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        received.descriptors.emplace_back(fd);
      }
    }
  }
  if (got == static_cast<ssize_t>(sizeof received.message)) return received;
  ours_.reset();
  return std::nullopt;
}

}  // namespace hutch
