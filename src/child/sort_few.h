#pragma once

#include <cstddef>

namespace hutch {

/// Ascending, by insertion.
template <std::size_t N>
void sort_few(int (&numbers)[N]) noexcept {
  for (std::size_t i = 1; i < N; ++i) {
    for (std::size_t j = i; j > 0 && numbers[j] < numbers[j - 1]; --j) {
      const int higher = numbers[j - 1];
      numbers[j - 1] = numbers[j];
      numbers[j] = higher;
    }
  }
}

}  // namespace hutch
