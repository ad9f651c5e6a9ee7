#pragma once

#include <span>

#include "child/run.h"

namespace hutch {

/// Mounts the pinned file, whatever is at its path by now, and leaves the detached mount in its slot:
/// loop(4), LOOP_CONFIGURE. The device is set up to go with its last user, so that nothing is left of it
/// however we end.
Outcome mount_image(const MountImage& step, std::span<const Pinned> pins, std::span<int> slots);

}  // namespace hutch
