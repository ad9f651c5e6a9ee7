#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "support/skip.h"

using namespace hutch;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/hutch-completion-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

struct Ran {
  std::string output;
  int status = 0;
};

Ran shell(const std::string& command) {
  Ran ran;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ran.output.append(buffer, got);
  const int status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

/// A folder with the script, and a `hutch` that lists these profiles.
struct World : Folder {
  explicit World(const std::string& kind) : script(path + "/completion." + kind) {
    std::ofstream(script) << completion_script(kind);
    std::ofstream(path + "/hutch")
        << "#!/bin/sh\n"
        << "printf '%s\\n' browser build feature/wayland '$(touch pwned)' 'two words'\n";
    std::filesystem::permissions(path + "/hutch", std::filesystem::perms::owner_all);
    std::ofstream(path + "/local.toml") << "";
  }

  /// What bash offers for these words, the last one under the cursor; one a line, sorted, in [ ].
  [[nodiscard]] std::string bash_offers(const std::string& words) const {
    return shell("cd " + path + " && PATH=" + path + ":$PATH bash -c '. ./completion.bash; COMP_WORDS=(" +
                 words +
                 "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _hutch; printf \"[%s]\\n\" \"${COMPREPLY[@]}\" | "
                 "sort'")
        .output;
  }

  std::string script;
};

bool installed(const std::string& program) { return shell("command -v " + program).status == 0; }

}  // namespace

TEST_CASE("bash completes commands, options, values and profiles from the table") {
  const World world("bash");
  CHECK(shell("bash -n " + world.script).output.empty());
  CHECK(world.bash_offers("hutch ch") == "[check ]\n");
  CHECK(world.bash_offers("hutch run --ho") == "[--hostname ]\n");
  CHECK(world.bash_offers("hutch list --h") == "[--help ]\n");
  CHECK(world.bash_offers("hutch run --net \"\"") == "[host ]\n[new ]\n");
  CHECK(world.bash_offers("hutch run --color = al") == "[always ]\n");
  CHECK(world.bash_offers("hutch run b") == "[browser ]\n[build ]\n");
  CHECK(world.bash_offers("hutch run --net host b") == "[browser ]\n[build ]\n");
  CHECK(world.bash_offers("hutch run --set x = 1 feature/w") == "[feature/wayland ]\n");
  CHECK(world.bash_offers("hutch run lo") == "[local.toml ]\n");
  CHECK(world.bash_offers("hutch run browser lo") == "[local.toml ]\n");
  CHECK(world.bash_offers("hutch run browser --ne") == "[]\n");
  CHECK(world.bash_offers("hutch check browser bu") == "[build ]\n");
  CHECK(world.bash_offers("hutch run --log-file lo") == "[local.toml ]\n");
  CHECK(world.bash_offers("hutch completion z") == "[zsh ]\n");
  CHECK(world.bash_offers("hutch help pl") == "[plan ]\n");
}

TEST_CASE("the name of a profile is quoted, never run") {
  const World world("bash");
  CHECK(world.bash_offers("hutch run tw") == "[two\\ words ]\n");
  CHECK(world.bash_offers("hutch run \\$") == "[\\$\\(touch\\ pwned\\) ]\n");
  CHECK_FALSE(std::filesystem::exists(world.path + "/pwned"));
}

TEST_CASE("zsh takes its script, and completes commands, options, values and profiles as one types") {
  if (!installed("zsh")) SKIP_TEST("no zsh here");
  const World world("zsh");
  CHECK(shell("zsh -n " + world.script).output.empty());
  std::filesystem::copy_file(world.script, world.path + "/_hutch");
  // A shell on a terminal of its own: the words, Tab, and a key that shows what the line has become.
  std::ofstream(world.path + "/ask.zsh")
      << "zmodload zsh/zpty\n"
         "zpty shell zsh -f -i\n"
         "zpty -w shell \"PS1= RPS1=; fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -D; "
         "report() { print -r -- \\\"<\\$BUFFER>\\\" }; zle -N report; bindkey '^X' report; bindkey '^I' "
         "complete-word\"\n"
         "zpty -w shell 'print REA''DY'\n"
         "zpty -r shell before '*READY*'\n"
         "zpty -w -n shell \"$1\"$'\\t\\x18'\n"
         "zpty -r shell after '*<*>*'\n"
         "print -r -- \"<${${after##*<}%%>*}>\"\n";
  const auto completed = [&](const std::string& words) {
    return shell("cd " + world.path + " && PATH=" + world.path + ":$PATH HOME=" + world.path +
                 " timeout 60 zsh -f ask.zsh '" + words + "'")
        .output;
  };
  CHECK(completed("hutch chec") == "<hutch check >\n");
  CHECK(completed("hutch run --hostn") == "<hutch run --hostname=>\n");
  CHECK(completed("hutch run --net h") == "<hutch run --net host >\n");
  CHECK(completed("hutch run brow") == "<hutch run browser >\n");
  CHECK(completed("hutch run --net host feature/w") == "<hutch run --net host feature/wayland >\n");
  CHECK(completed("hutch completion z") == "<hutch completion zsh >\n");
}

TEST_CASE("fish takes its script, and offers the options of a command") {
  if (!installed("fish")) SKIP_TEST("no fish here");
  const World world("fish");
  CHECK(shell("fish -n " + world.script).output.empty());
  const std::string ask = "cd " + world.path + " && PATH=" + world.path + ":$PATH HOME=" + world.path +
                          " fish -c 'source completion.fish; complete -C \"";
  CHECK(shell(ask + "hutch run --host\"' | cut -f1").output == "--hostname\n");
  CHECK(shell(ask + "hutch chec\"' | cut -f1").output == "check\n");
  CHECK(shell(ask + "hutch run brow\"' | cut -f1").output == "browser\n");
}

TEST_CASE("the shipped completion files are those that the program prints") {
  const std::pair<const char*, const char*> files[] = {
      {"bash", "hutch.bash"}, {"zsh", "_hutch"}, {"fish", "hutch.fish"}};
  for (const auto& [kind, name] : files) {
    const std::string path = HUTCH_SOURCE_DIR "/packaging/completions/" + std::string(name);
    if (std::getenv("HUTCH_ACCEPT") != nullptr) std::ofstream(path) << completion_script(kind);
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    CAPTURE(path);
    CHECK((text == completion_script(kind)));
  }
}
