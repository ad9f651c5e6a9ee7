#include "base/sha256.h"

#include <errno.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <vector>

namespace hutch {

void Sha256::add(std::string_view bytes) {
  ::SHA256Update(&state_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string Sha256::hex() {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> digits{};
  ::SHA256End(&state_, digits.data());
  return {digits.data()};
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::optional<std::string> sha256_of(int fd) {
  Sha256 digest;
  std::vector<char> part(std::size_t{128} * 1024);
  while (true) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return digest.hex();
    digest.add({part.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace hutch
