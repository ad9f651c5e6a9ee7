#include "child/keep_dumpable.h"

#include <linux/prctl.h>

#include "child/sys.h"

namespace hutch {

KeepDumpable::KeepDumpable() noexcept : before_(sys::call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0)) {}

KeepDumpable::~KeepDumpable() {
  if (before_ == 1) sys::call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

}  // namespace hutch
