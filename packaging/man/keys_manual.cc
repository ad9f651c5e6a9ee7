#include <cstdio>
#include <string>

#include "profile/schema.h"

/// Prints the KEYS section of hutch-profile(5) for packaging/man.
int main() {
  const std::string text = hutch::keys_manual();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
