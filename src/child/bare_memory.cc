// Short texts and small structs only: loops do. Compiled without the compiler's idea that a loop like these
// is a call to a function like these.

#include <cstddef>

extern "C" {

int hutch_memcmp(const void* a, const void* b, std::size_t count) noexcept {
  const auto* left = static_cast<const unsigned char*>(a);
  const auto* right = static_cast<const unsigned char*>(b);
  for (std::size_t i = 0; i < count; ++i) {
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}

void* hutch_memchr(const void* bytes, int wanted, std::size_t count) noexcept {
  auto* const all = static_cast<unsigned char*>(const_cast<void*>(bytes));
  for (std::size_t i = 0; i < count; ++i) {
    if (all[i] == static_cast<unsigned char>(wanted)) return all + i;
  }
  return nullptr;
}

void* hutch_memcpy(void* __restrict to, const void* __restrict from, std::size_t count) noexcept {
  auto* const target = static_cast<unsigned char*>(to);
  const auto* const source = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < count; ++i) target[i] = source[i];
  return to;
}

void* hutch_memmove(void* to, const void* from, std::size_t count) noexcept {
  auto* const target = static_cast<unsigned char*>(to);
  const auto* const source = static_cast<const unsigned char*>(from);
  if (target < source) {
    for (std::size_t i = 0; i < count; ++i) target[i] = source[i];
  } else {
    for (std::size_t i = count; i-- > 0;) target[i] = source[i];
  }
  return to;
}

void* hutch_memset(void* bytes, int value, std::size_t count) noexcept {
  auto* const all = static_cast<unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<unsigned char>(value);
  return bytes;
}

std::size_t hutch_strlen(const char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}
}
