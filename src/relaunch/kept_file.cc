#include "relaunch/kept_file.h"

namespace hutch {

namespace {

void add_words(Checksum& sum, const char* from, std::size_t size) noexcept {
  const auto* const words = reinterpret_cast<const std::uint64_t*>(from);
  for (std::size_t i = 0; i < size / sizeof *words; ++i) {
    sum.words += words[i];
    sum.sums += sum.words;
  }
}

}  // namespace

Checksum checksum_of_kept(const char* file) noexcept {
  const auto& head = *reinterpret_cast<const KeptHead*>(file);
  Checksum sum{head.key.low, head.key.high};
  add_words(sum, file, offsetof(KeptHead, sound));
  add_words(sum, file + sizeof head, head.plan.at - sizeof head);
  return sum;
}

NamesDigest::NamesDigest(const Digest::Key& key) noexcept : key_(key) {}

void NamesDigest::add(std::string_view name) noexcept {
  Digest one(key_);
  one.text(name);
  const Digest::Value value = one.value();
  sum_.low += value.low;
  sum_.high += value.high;
  ++count_;
}

Digest::Value NamesDigest::value(bool there) const noexcept {
  Digest all(key_);
  all.number(there ? 1 : 0);
  all.number(count_);
  all.number(sum_.low);
  all.number(sum_.high);
  return all.value();
}

void SlotName::add(std::string_view text) noexcept {
  for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  value_ = (value_ ^ 0xffU) * 0x100000001b3U;
}

void SlotName::put(char (&name)[3]) const noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  const std::uint64_t slot = value_ % kSlots;
  name[0] = kDigits[slot / 16];
  name[1] = kDigits[slot % 16];
  name[2] = '\0';
}

}  // namespace hutch
