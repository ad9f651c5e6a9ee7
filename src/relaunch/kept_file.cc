#include "relaunch/kept_file.h"

namespace hutch {

Digest::Value digest_of_kept(const char* file) noexcept {
  const auto& head = *reinterpret_cast<const KeptHead*>(file);
  Digest all(head.key);
  all.bytes({file, offsetof(KeptHead, sound)});
  all.bytes({file + sizeof head, head.plan.at - sizeof head});
  return all.value();
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
