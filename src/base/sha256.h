#pragma once

#include <sha2.h>

#include <optional>
#include <string>
#include <string_view>

namespace hutch {

/// SHA-256 (FIPS 180-4), as 64 lower-case hexadecimal digits.
class Sha256 {
 public:
  Sha256() { ::SHA256Init(&state_); }
  void add(std::string_view bytes);
  /// Ends it.
  [[nodiscard]] std::string hex();

 private:
  SHA2_CTX state_ = {};
};

std::string sha256_hex(std::string_view bytes);

/// Of all that can be read from a descriptor. Nothing, with errno, where reading fails.
std::optional<std::string> sha256_of(int fd);

}  // namespace hutch
