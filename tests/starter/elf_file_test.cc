#include "starter/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace hutch;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/hutch-elf-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& bytes) const {
    std::ofstream(path + "/file", std::ios::binary) << bytes;
    return path + "/file";
  }
  std::string path;
};

std::string own_bytes() {
  std::ifstream file("/bin/sh", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("elf: a program of the distribution has a loader and needs the C library") {
  const auto elf = read_elf("/bin/sh");
  REQUIRE(elf);
  CHECK(elf->bits == 64);
  CHECK(elf->loader.find("ld-linux") != std::string::npos);
  CHECK(std::ranges::find(elf->needed, "libc.so.6") != elf->needed.end());
  CHECK(elf->runpath.empty());
}

TEST_CASE("elf: what is none, or another kind of file, is nothing") {
  const Folder here;
  CHECK_FALSE(read_elf(here.write("#!/bin/sh\n")));
  CHECK_FALSE(read_elf(here.write("")));
  CHECK_FALSE(read_elf(here.write(std::string(ELFMAG))));
  CHECK_FALSE(read_elf(here.path));
  CHECK_FALSE(read_elf("/no/such"));
  CHECK_FALSE(read_elf("/dev/zero"));
  std::string other_order = own_bytes();
  other_order[EI_DATA] = ELFDATA2MSB;
  CHECK_FALSE(read_elf(here.write(other_order)));
}

TEST_CASE("elf: tables that lead out of the file, or without end, are no trouble") {
  const Folder here;
  const std::string whole = own_bytes();
  for (const std::size_t size : {16U, 63U, 64U, 100U, 700U, 5000U}) {
    INFO(size);
    const auto elf = read_elf(here.write(whole.substr(0, size)));
    CHECK((!elf || elf->needed.size() < 100));
  }
  std::string many = whole;
  Elf64_Ehdr header;
  std::memcpy(&header, many.data(), sizeof header);
  header.e_phnum = 0xFFFE;
  std::memcpy(many.data(), &header, sizeof header);
  CHECK_FALSE(read_elf(here.write(many)));

  std::mt19937 dice(20261127);  // NOLINT: the same each time
  for (int round = 0; round < 400; ++round) {
    std::string broken = whole.substr(0, 1200);
    broken += whole.substr(1200);
    for (int i = 0; i < 8; ++i) broken[16 + dice() % 900] = static_cast<char>(dice());
    const auto elf = read_elf(here.write(broken));
    if (elf) CHECK(elf->needed.size() <= 1024);
  }
}
