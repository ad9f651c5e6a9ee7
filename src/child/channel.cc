#include "child/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "child/sys.h"

namespace hutch {

bool reader_is_gone(int pipe) noexcept {
  struct pollfd end = {pipe, 0, 0};
  struct timespec now = {0, 0};
  // A pipe whose last reader is gone says POLLERR. (getppid() is 0 in a new pid namespace either way.)
  return sys::call(SYS_ppoll, &end, 1, &now, nullptr, 8) > 0 && (end.revents & POLLERR) != 0;
}

Outcome send_message(int channel, Message message, const int* descriptors, std::size_t count) noexcept {
  struct iovec piece = {&message, sizeof message};
  alignas(struct cmsghdr) char control[CMSG_SPACE(kNamespaceFileCount * sizeof(int))] = {};
  struct msghdr packet = {};
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  if (count > kNamespaceFileCount) return failed(Call::sendmsg, EINVAL);
  if (count > 0) {
    packet.msg_control = control;
    packet.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr* const header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    int* const sent = reinterpret_cast<int*>(CMSG_DATA(header));
    for (std::size_t i = 0; i < count; ++i) sent[i] = descriptors[i];
  }
  return check(Call::sendmsg, sys::call(SYS_sendmsg, channel, &packet, MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace hutch
