#include "starter/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text.h"
#include "base/unique_fd.h"

namespace hutch {
namespace {

constexpr std::uint64_t kMostSegments = 512, kMostDynamic = 8192;
constexpr std::size_t kMostNeeded = 1024, kLongestText = 4096;

/// Positions in a regular file. What is not there reads as nothing.
class File {
 public:
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
    struct stat found = {};
    if (fd_ && (::fstat(fd_.get(), &found) < 0 || !S_ISREG(found.st_mode))) fd_.reset();
  }

  [[nodiscard]] std::string bytes(std::uint64_t at, std::size_t size) const {
    std::string text(size, '\0');
    if (!fd_ || at > INT64_MAX) return {};
    const ssize_t got = ::pread(fd_.get(), text.data(), size, static_cast<off_t>(at));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t place) const {
    const std::string found = bytes(place, sizeof(T));
    if (found.size() != sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, found.data(), sizeof value);
    return value;
  }
  /// Up to the NUL that ends it; empty where there is none in reach.
  [[nodiscard]] std::string text(std::uint64_t at) const {
    const std::string found = bytes(at, kLongestText);
    const std::size_t end = found.find('\0');
    return end == std::string::npos ? "" : found.substr(0, end);
  }

 private:
  UniqueFd fd_;
};

std::vector<std::string> folders(const std::string& list) {
  std::vector<std::string> all;
  for (const std::string_view each : split(list, ':'))
    if (!each.empty()) all.emplace_back(each);
  return all;
}

template <class Header, class Segment, class Dynamic>
class Reader {
 public:
  explicit Reader(const File& file) : file_(file) {}

  std::optional<ElfFile> read() {
    const auto header = file_.at<Header>(0);
    if (!header || (header->e_type != ET_EXEC && header->e_type != ET_DYN)) return std::nullopt;
    if (header->e_phentsize != sizeof(Segment) || header->e_phnum > kMostSegments) return std::nullopt;
    found_.bits = sizeof(Header) == sizeof(Elf64_Ehdr) ? 64 : 32;
    found_.machine = header->e_machine;
    for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
      const auto segment = file_.at<Segment>(header->e_phoff + i * sizeof(Segment));
      if (!segment) return std::nullopt;
      segments_.push_back(*segment);
    }
    for (const Segment& each : segments_) {
      if (each.p_type == PT_INTERP) found_.loader = file_.text(each.p_offset);
      if (each.p_type == PT_DYNAMIC && !read_dynamic(each)) return std::nullopt;
    }
    return found_;
  }

 private:
  /// Where in the file a byte of memory comes from.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Segment& each : segments_) {
      if (each.p_type == PT_LOAD && address >= each.p_vaddr && address - each.p_vaddr < each.p_filesz)
        return each.p_offset + (address - each.p_vaddr);
    }
    return std::nullopt;
  }

  bool read_dynamic(const Segment& segment) {
    const std::uint64_t count = std::min<std::uint64_t>(segment.p_filesz / sizeof(Dynamic), kMostDynamic);
    std::optional<std::uint64_t> strings;
    std::vector<Dynamic> rows;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto row = file_.at<Dynamic>(segment.p_offset + i * sizeof(Dynamic));
      if (!row) return false;
      if (row->d_tag == DT_NULL) break;
      if (row->d_tag == DT_STRTAB) strings = offset_of(row->d_un.d_ptr);
      if (row->d_tag == DT_NEEDED || row->d_tag == DT_RPATH || row->d_tag == DT_RUNPATH) rows.push_back(*row);
    }
    if (rows.empty()) return true;
    if (!strings) return false;
    for (const Dynamic& row : rows) {
      const std::string text = file_.text(*strings + row.d_un.d_val);
      if (text.empty()) continue;
      if (row.d_tag == DT_RPATH) found_.rpath = folders(text);
      if (row.d_tag == DT_RUNPATH) found_.runpath = folders(text);
      if (row.d_tag == DT_NEEDED && found_.needed.size() < kMostNeeded) found_.needed.push_back(text);
    }
    return true;
  }

  const File& file_;
  ElfFile found_;
  std::vector<Segment> segments_;
};

}  // namespace

std::optional<ElfFile> read_elf(const std::string& path) {
  const File file(path);
  const std::string ident = file.bytes(0, EI_NIDENT);
  if (ident.size() != EI_NIDENT || !ident.starts_with(std::string_view(ELFMAG, SELFMAG))) return std::nullopt;
  constexpr char kOwnOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident[EI_DATA] != kOwnOrder) return std::nullopt;
  if (ident[EI_CLASS] == ELFCLASS32) return Reader<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(file).read();
  if (ident[EI_CLASS] == ELFCLASS64) return Reader<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(file).read();
  return std::nullopt;
}

}  // namespace hutch
