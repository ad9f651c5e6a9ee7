#include <fcntl.h>
#include <unistd.h>

#include "cli/hutch_main.h"
#include "launch/mounter.h"
#include "launch/own_image.h"

int main(int argc, char** argv) {
  if (hutch::hand_over_mount(argv)) return 0;
  // A caller may have closed 0, 1 or 2: the next file we open must not take that place and become the
  // program's.
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return 125;
  hutch::remember_own_image(argv);
  return hutch::hutch_main({argv + (argc > 0 ? 1 : 0), argv + argc}, environ);
}
