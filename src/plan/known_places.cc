#include "plan/known_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace hutch {
namespace {

using Named = std::pair<std::string_view, std::string_view>;

constexpr Named kSecretsOfHome[] = {{".ssh", "SSH keys"},
                                    {".gnupg", "GnuPG keys"},
                                    {".password-store", "passwords"},
                                    {".local/share/keyrings", "passwords"},
                                    {".local/share/kwalletd", "passwords"},
                                    {".config/Bitwarden", "passwords"},
                                    {".config/keepassxc", "passwords"},
                                    {".aws", "cloud credentials"},
                                    {".azure", "cloud credentials"},
                                    {".config/gcloud", "cloud credentials"},
                                    {".config/doctl", "cloud credentials"},
                                    {".config/rclone", "cloud credentials"},
                                    {".terraform.d", "cloud credentials"},
                                    {".vault-token", "cloud credentials"},
                                    {".kube", "cluster credentials"},
                                    {".docker/config.json", "registry credentials"},
                                    {".config/containers/auth.json", "registry credentials"},
                                    {".npmrc", "registry credentials"},
                                    {".pypirc", "registry credentials"},
                                    {".cargo/credentials.toml", "registry credentials"},
                                    {".gem/credentials", "registry credentials"},
                                    {".netrc", "passwords"},
                                    {".pgpass", "passwords"},
                                    {".git-credentials", "Git credentials"},
                                    {".config/git/credentials", "Git credentials"},
                                    {".config/gh", "Git credentials"},
                                    {".config/glab-cli", "Git credentials"},
                                    {".mozilla", "a browser profile"},
                                    {".thunderbird", "mail"},
                                    {".config/google-chrome", "a browser profile"},
                                    {".config/chromium", "a browser profile"},
                                    {".config/BraveSoftware", "a browser profile"},
                                    {".config/microsoft-edge", "a browser profile"},
                                    {".config/vivaldi", "a browser profile"},
                                    {".bash_history", "a shell's history"},
                                    {".zsh_history", "a shell's history"},
                                    {".local/share/fish/fish_history", "a shell's history"},
                                    {".mysql_history", "a shell's history"},
                                    {".psql_history", "a shell's history"},
                                    {".python_history", "a shell's history"},
                                    {".bitcoin", "a wallet"},
                                    {".electrum", "a wallet"}};

constexpr Named kSecretsOfSystem[] = {{"/etc/shadow", "password hashes"},
                                      {"/etc/gshadow", "password hashes"},
                                      {"/etc/krb5.keytab", "host keys"},
                                      {"/etc/sudoers.d", "who may become root"},
                                      {"/root", "root's home folder"}};

constexpr Named kWaysOut[] = {{"/run/docker.sock", "Docker, which makes anybody root"},
                              {"/run/podman/podman.sock", "Podman, which makes anybody root"},
                              {"/run/containerd/containerd.sock", "containerd, which makes anybody root"},
                              {"/run/crio/crio.sock", "CRI-O, which makes anybody root"},
                              {"/run/libvirt/libvirt-sock", "libvirt, which runs virtual machines"},
                              {"/var/lib/lxd/unix.socket", "LXD, which makes anybody root"},
                              {"/var/lib/incus/unix.socket", "Incus, which makes anybody root"},
                              {"/run/snapd.socket", "snapd"},
                              {"/run/dbus/system_bus_socket", "the system bus"},
                              {"/run/systemd/private", "systemd"},
                              {"/run/hutch", "running sandboxes"},
                              {"/tmp/.X11-unix", "X11: every key that is typed, and any window"},
                              {"/run/screen", "screen sessions"}};

constexpr Named kWaysOutOfRuntime[] = {{"docker.sock", "Docker"},
                                       {"podman/podman.sock", "Podman"},
                                       {"bus", "the session bus, through which programs are started outside"},
                                       {"systemd", "systemd, which starts programs outside"},
                                       {"gnupg", "the GnuPG agent"},
                                       {"keyring", "the keyring"},
                                       {"hutch", "running sandboxes"},
                                       {"emacs", "Emacs, which runs what it is told"}};

constexpr std::string_view kRunFromHome[] = {".bashrc",
                                             ".bash_profile",
                                             ".bash_login",
                                             ".bash_aliases",
                                             ".profile",
                                             ".zshrc",
                                             ".zshenv",
                                             ".zprofile",
                                             ".xprofile",
                                             ".xsessionrc",
                                             ".vimrc",
                                             ".emacs.d",
                                             ".gitconfig",
                                             ".ssh",
                                             "bin",
                                             ".local/bin",
                                             ".config/fish",
                                             ".config/git",
                                             ".config/nvim",
                                             ".config/autostart",
                                             ".config/environment.d",
                                             ".config/systemd/user",
                                             ".config/hutch",
                                             ".local/share/applications",
                                             ".local/share/systemd/user"};

constexpr std::string_view kRunFromSystem[] = {
    "/etc/cron.d", "/etc/crontab",        "/etc/profile.d",     "/etc/profile",
    "/etc/hutch",  "/etc/systemd/system", "/etc/ld.so.preload", "/etc/ld.so.conf.d"};

std::string value_of(const Host& host, std::string_view name) {
  const auto& environment = host.caller().environment;
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

std::vector<KnownPlace> known_places(const Host& host) {
  using Kind = KnownPlace::Kind;
  std::vector<KnownPlace> places;
  const auto add = [&](Kind kind, const std::string& path, std::string_view what) {
    if (!path.starts_with('/') || host.follow(path).kind == FileKind::missing) return;
    places.push_back({kind, path, std::string(what)});
  };
  if (const std::string home = value_of(host, "HOME"); home.starts_with('/')) {
    for (const auto& [name, what] : kSecretsOfHome) add(Kind::secret, join_path(home, name), what);
    for (const std::string_view name : kRunFromHome)
      add(Kind::run_outside, join_path(home, name), "start-up and configuration");
  }
  for (const auto& [path, what] : kSecretsOfSystem) add(Kind::secret, std::string(path), what);
  for (const std::string_view path : kRunFromSystem)
    add(Kind::run_outside, std::string(path), "the system's");
  for (const std::string_view folder : split(value_of(host, "PATH"), ':'))
    add(Kind::run_outside, std::string(folder), "of your PATH");
  if (const std::string& here = host.caller().directory; !here.empty()) {
    add(Kind::run_outside, join_path(here, ".hutch"), "profiles, looked for there first");
    for (const char* name : {".git/hooks", ".git/config"}) {
      const std::size_t before = places.size();
      add(Kind::run_outside, join_path(here, name), "Git runs what it says");
      if (places.size() > before) places.back().of_the_project = true;
    }
  }

  for (const auto& [path, what] : kWaysOut) add(Kind::way_out, std::string(path), what);
  const uid_t uid = host.caller().uid;
  std::string runtime = value_of(host, "XDG_RUNTIME_DIR");
  if (runtime.empty()) runtime = fmt::format("/run/user/{}", uid);
  add(Kind::run_outside, join_path(runtime, "hutch/plans"), "plans of your next launches");
  if (uid == 0) add(Kind::run_outside, "/run/hutch/plans", "plans of your next launches");
  for (const auto& [name, what] : kWaysOutOfRuntime) add(Kind::way_out, join_path(runtime, name), what);
  add(Kind::way_out, fmt::format("/tmp/hutch-{}", uid), "running sandboxes");
  add(Kind::way_out, fmt::format("/tmp/tmux-{}", uid), "tmux, which types into your shells");
  add(Kind::way_out, value_of(host, "SSH_AUTH_SOCK"), "the SSH agent");
  // "unix:path=/run/user/1000/bus,guid=…": the D-Bus specification.
  const std::string bus = value_of(host, "DBUS_SESSION_BUS_ADDRESS");
  if (constexpr std::string_view kUnix = "unix:path="; bus.starts_with(kUnix))
    add(Kind::way_out, bus.substr(kUnix.size(), bus.find_first_of(",;") - kUnix.size()), "the session bus");

  std::ranges::stable_sort(places, {}, [](const KnownPlace& each) { return std::tie(each.path, each.kind); });
  const auto again = std::ranges::unique(
      places, [](const KnownPlace& a, const KnownPlace& b) { return a.path == b.path && a.kind == b.kind; });
  places.erase(again.begin(), again.end());
  return places;
}

}  // namespace hutch
