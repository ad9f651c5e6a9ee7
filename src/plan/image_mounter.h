#pragma once

#include "host/host.h"
#include "plan/image_format.h"

namespace hutch {

/// A program that serves a file system by FUSE, in a place where only root can put one.
struct ImageMounter {
  ImageFormat format;
  const char* program;  ///< "/usr/bin/squashfuse"
  const char* package;  ///< Debian's
};

/// Nothing where none is there, or where others than root may write to it.
const ImageMounter* find_image_mounter(const Host& host, ImageFormat format);
/// The one to install for a format, which is not `none`.
const ImageMounter& usual_image_mounter(ImageFormat format);

}  // namespace hutch
