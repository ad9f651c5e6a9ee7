#include "install/desktop_entry.h"

#include <catch2/catch.hpp>

using namespace hutch;

namespace {

const StandIn kVim{.wrapper = "/home/ada/.local/bin/vim", .is_program = [](std::string_view word) {
                     return word == "vim" || word == "/usr/bin/vim";
                   }};

std::string entry(std::string_view text) { return desktop_entry_for(text, kVim).text; }

}  // namespace

TEST_CASE(
    "of a desktop entry only the program changes: comments, translations, field codes and strangers stay") {
  const std::string before =
      "# made by hand\n"
      "[Desktop Entry]\n"
      "Type=Application\n"
      "Name=Vim\n"
      "Name[de]=Vim auf Deutsch\n"
      "Comment[ja]=\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83\x88\n"
      "TryExec=vim\n"
      "Exec=vim %F --icon %i --name %c --file %k 100%%\n"
      "Exec[de]=vim --german\n"
      "DBusActivatable=true\n"
      "Actions=new;other;\n"
      "X-Unknown=vim\n"
      "\n"
      "[Desktop Action new]\n"
      "Name=New\n"
      "Exec = \"/usr/bin/vim\"  -n   %u \n"
      "\n"
      "[Desktop Action other]\n"
      "Exec=gvim %f\n"
      "[X-Strange Group]\n"
      "Exec=vim\n"
      "no equals sign here\n";
  const std::string after =
      "# made by hand\n"
      "[Desktop Entry]\n"
      "Type=Application\n"
      "Name=Vim\n"
      "Name[de]=Vim auf Deutsch\n"
      "Comment[ja]=\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83\x88\n"
      "TryExec=/home/ada/.local/bin/vim\n"
      "Exec=/home/ada/.local/bin/vim %F --icon %i --name %c --file %k 100%%\n"
      "Exec[de]=vim --german\n"
      "DBusActivatable=false\n"
      "Actions=new;other;\n"
      "X-Unknown=vim\n"
      "\n"
      "[Desktop Action new]\n"
      "Name=New\n"
      "Exec = /home/ada/.local/bin/vim  -n   %u \n"
      "\n"
      "[Desktop Action other]\n"
      "Exec=gvim %f\n"
      "[X-Strange Group]\n"
      "Exec=vim\n"
      "no equals sign here\n";
  const Rewritten copy = desktop_entry_for(before, kVim);
  CHECK(copy.text == after);
  CHECK(copy.starts_program);
  CHECK(copy.others == std::vector<std::string>{"Desktop Action other"});
}

TEST_CASE("an entry starts the program only if it does so itself") {
  CHECK_FALSE(
      desktop_entry_for("[Desktop Entry]\nExec=emacs\n[Desktop Action a]\nExec=vim\n", kVim).starts_program);
  CHECK_FALSE(desktop_entry_for("[Desktop Entry]\nExec=sh -c \"vim x\"\n", kVim).starts_program);
  CHECK_FALSE(desktop_entry_for("Exec=vim\n", kVim).starts_program);
  CHECK_FALSE(desktop_entry_for("[Desktop Entry]\n#Exec=vim\nExec=\"vim\n", kVim).starts_program);
  CHECK(desktop_entry_for("[Desktop Entry]\nExec=env A=1 vim %u\n", kVim).starts_program);
}

TEST_CASE("line ends, missing ones too, and bytes of no encoding stay as they are") {
  CHECK(entry("[Desktop Entry]\r\nExec=vim\r\nName=\xff\xfe\r\n") ==
        "[Desktop Entry]\r\nExec=/home/ada/.local/bin/vim\r\nName=\xff\xfe\r\n");
  CHECK(entry("[Desktop Entry]\nExec=vim") == "[Desktop Entry]\nExec=/home/ada/.local/bin/vim");
  CHECK(entry("") == "");
  CHECK(entry("[Desktop Entry]\nExec=\n=vim\n[\n]\n[]\n") == "[Desktop Entry]\nExec=\n=vim\n[\n]\n[]\n");
}

TEST_CASE("a wrapper with blanks and percent signs in its path is quoted as the specification wants") {
  StandIn odd = kVim;
  odd.wrapper = "/home/a b/$x/100%/vim";
  CHECK(desktop_entry_for("[Desktop Entry]\nExec=vim %u\nTryExec=vim\n", odd).text ==
        "[Desktop Entry]\nExec=\"/home/a b/\\\\$x/100%%/vim\" %u\nTryExec=/home/a b/$x/100%/vim\n");
}

TEST_CASE("a D-Bus service starts the wrapper, and systemd is not asked to start the program instead") {
  const Rewritten copy = bus_service_for(
      "[D-BUS Service]\nName=org.vim.Vim\nExec=/usr/bin/vim "
      "--gapplication-service\nSystemdService=vim.service\n[Other]\nExec=vim\n",
      kVim);
  CHECK(copy.text ==
        "[D-BUS Service]\nName=org.vim.Vim\nExec=/home/ada/.local/bin/vim --gapplication-service\n"
        "#SystemdService=vim.service\n[Other]\nExec=vim\n");
  CHECK(copy.starts_program);
  CHECK_FALSE(bus_service_for("[D-BUS Service]\nExec=/usr/bin/emacs\n", kVim).starts_program);
}
