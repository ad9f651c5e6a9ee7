#pragma once

#include <cstddef>

/// memcmp(3) and its like for code that runs where the C library's may not be called: their addresses depend
/// on the processor and are found out by its start. This is included before anything else in all that runs
/// between clone and exec, in the init and before main (CMakeLists.txt), so that what the compiler and
/// <string_view> call by these names is ours.

extern "C" {
int memcmp(const void* a, const void* b, std::size_t count) noexcept __asm__("hutch_memcmp");
void* memchr(const void* bytes, int wanted, std::size_t count) noexcept __asm__("hutch_memchr");
void* memcpy(void* __restrict to, const void* __restrict from, std::size_t count) noexcept
    __asm__("hutch_memcpy");
void* memmove(void* to, const void* from, std::size_t count) noexcept __asm__("hutch_memmove");
void* memset(void* bytes, int value, std::size_t count) noexcept __asm__("hutch_memset");
std::size_t strlen(const char* text) noexcept __asm__("hutch_strlen");
}
