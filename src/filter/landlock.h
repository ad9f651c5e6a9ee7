#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the rights of landlock(7) are called, and which kernel has them. The numbers are in
/// base/landlock_abi.h.

namespace hutch {

/// What a kernel of this ABI can restrict: 0 is nothing.
std::uint64_t landlock_files(int abi);
std::uint64_t landlock_network(int abi);
std::uint64_t landlock_scope(int abi);

/// In words: "reading files, listing folders".
std::string landlock_files_text(std::uint64_t rights);
/// "listening on TCP ports".
std::string landlock_network_text(std::uint64_t rights);
/// "signals, abstract sockets".
std::string landlock_scope_text(std::uint64_t scope);
/// The words of the profile language: "signal", "abstract_unix_socket".
std::vector<std::string_view> landlock_scope_words(std::uint64_t scope);

/// The Linux that brought this ABI: "6.12".
std::string_view landlock_kernel(int abi);
/// The first ABI that has all of these.
int landlock_abi_for(std::uint64_t files, std::uint64_t network, std::uint64_t scope, bool log);

}  // namespace hutch
