#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hutch {

/// A NUL-terminated string that somebody else keeps alive.
///
/// Two words, trivially copyable: a Step built from these can be read by the
/// child without touching the heap, and handed to a system call as it is.
class ZStr {
 public:
  constexpr ZStr() = default;

  /// From a literal, whose storage lasts for ever.
  template <std::size_t N>
  consteval ZStr(const char (&literal)[N]) : data_(literal), size_(N - 1) {}

  [[nodiscard]] constexpr const char* c_str() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data_, size_}; }

  friend constexpr bool operator==(ZStr a, ZStr b) noexcept { return a.view() == b.view(); }

 private:
  friend class StringPool;
  constexpr ZStr(const char* data, std::size_t size) : data_(data), size_(size) {}

  const char* data_ = "";
  std::size_t size_ = 0;
};

/// A list that somebody else keeps alive: pointer and length, trivially copyable.
template <class T>
struct Borrowed {
  const T* data = nullptr;
  std::size_t size = 0;

  [[nodiscard]] constexpr const T* begin() const noexcept { return data; }
  [[nodiscard]] constexpr const T* end() const noexcept { return data + size; }
};

/// Owns the text and the lists that a Plan's steps point into. Moving the pool
/// leaves every ZStr and Borrowed valid: a std::deque never relocates its elements.
class StringPool {
 public:
  ZStr keep(std::string_view text) {
    const std::string& kept = texts_.emplace_back(text);
    return {kept.c_str(), kept.size()};
  }

  template <class T>
  Borrowed<T> keep(const std::vector<T>& list) {
    auto kept = std::make_shared<const std::vector<T>>(list);
    lists_.push_back(kept);
    return {kept->data(), kept->size()};
  }

 private:
  std::deque<std::string> texts_;
  std::vector<std::shared_ptr<const void>> lists_;
};

}  // namespace hutch
