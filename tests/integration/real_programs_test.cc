// Real programs under the shipped `app` profile: the current folder is theirs, the system is read-only.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

Answer app(const Workspace& here, const std::vector<std::string>& command,
           const std::vector<std::string>& more = {}, int seconds = 60) {
  std::vector<std::string> arguments = {"run"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.emplace_back("app");
  arguments.insert(arguments.end(), command.begin(), command.end());
  return run_hutch(arguments, {.cwd = here.path(), .seconds = seconds});
}

Answer shell(const Workspace& here, const std::string& script, const std::vector<std::string>& more = {}) {
  return app(here, {"/bin/sh", "-euc", script}, more);
}

}  // namespace

TEST_CASE("python3 runs, with a pool of processes that share locks and memory") {
  if (!have_program("python3")) SKIP_TEST("no python3");
  const Workspace here;
  here.write("pool.py", R"(
import multiprocessing as mp, os, tempfile

def square(n):
    with lock:
        total.value += n
    return n * n

def keep(shared_lock, shared_total):
    global lock, total
    lock, total = shared_lock, shared_total

if __name__ == "__main__":
    lock, total = mp.Lock(), mp.Value("i", 0)
    with mp.Pool(4, keep, (lock, total)) as pool:
        print("squares", pool.map(square, range(10)))
    print("total", total.value)
    queue = mp.Queue()
    child = mp.Process(target=queue.put, args=("hello",))
    child.start()
    print("queue", queue.get())
    child.join()
    with tempfile.NamedTemporaryFile() as scratch:
        print("tmp", scratch.name.startswith("/tmp/"))
)");
  const Answer answer = app(here, {"/usr/bin/python3", "pool.py"});
  CHECK(answer.status == 0);
  CHECK(answer.out == "squares [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]\ntotal 45\nqueue hello\ntmp True\n");
  CHECK(answer.err == "");
}

TEST_CASE("gcc and make build a small C project, and its test runs") {
  if (!have_program("gcc") || !have_program("make")) SKIP_TEST("no gcc or make");
  const Workspace here;
  here.write("add.h", "int add(int, int);\n");
  here.write("add.c", "#include \"add.h\"\nint add(int a, int b) { return a + b; }\n");
  here.write("main.c",
             "#include <stdio.h>\n#include <math.h>\n#include \"add.h\"\n"
             "int main(void) { printf(\"%d %.3f\\n\", add(40, 2), sqrt(2)); return 0; }\n");
  here.write("Makefile",
             "CFLAGS = -O2 -g\nprogram: main.o add.o\n\t$(CC) -o $@ $^ -lm\n"
             "check: program\n\t./program\n.PHONY: check\n");
  const Answer answer = app(here, {"make", "-j2", "check"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out.ends_with("42 1.414\n"));
  CHECK(run_program({here / "program"}).out == "42 1.414\n");  // what it built is ours, outside
}

TEST_CASE("git makes a repository and commits to it") {
  if (!have_program("git")) SKIP_TEST("no git");
  const Workspace here;
  here.write("file", "content\n");
  const Answer answer =
      shell(here,
            "git init -q -b main . && git config user.email ada@example.org && git config user.name Ada && "
            "git add file && git commit -q -m 'first' && git log --format='%an: %s' && git status --short");
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "Ada: first\n");
  CHECK(std::filesystem::exists(here / ".git/HEAD"));
}

TEST_CASE("sqlite3 keeps a database, with its locks and its write-ahead log") {
  if (!have_program("sqlite3")) SKIP_TEST("no sqlite3");
  const Workspace here;
  const Answer answer =
      app(here, {"sqlite3", "data.db",
                 "PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER, b TEXT); "
                 "INSERT INTO t VALUES (1,'one'),(2,'two'); SELECT count(*), max(b) FROM t;"});
  CHECK(answer.status == 0);
  CHECK(answer.out == "wal\n2|two\n");
  CHECK(std::filesystem::exists(here / "data.db"));
}

TEST_CASE("curl reaches a server on the host's loopback with net = host, and does not without") {
  if (!have_program("curl")) SKIP_TEST("no curl");
  const Workspace here;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(server, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(listen(server, 8) == 0);
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  std::thread serve([server] {
    const int one = accept(server, nullptr, nullptr);
    if (one < 0) return;
    char request[4096];
    const std::string reply = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    if (read(one, request, sizeof request) > 0 && write(one, reply.data(), reply.size()) < 0) {
    }
    close(one);
  });
  // By name, so that name resolution takes part.
  const std::vector<std::string> curl = {"curl", "-sS", "--max-time", "10", "http://localhost:" + port + "/"};
  const Answer sealed = app(here, curl);
  const Answer open = app(here, curl, {"--net", "host"});
  shutdown(server, SHUT_RDWR);
  close(server);
  serve.join();
  CHECK(sealed.status == 7);  // "could not connect"
  CHECK(open.status == 0);
  CHECK(open.out == "hello");
}

TEST_CASE("node runs: timers, files, a child process, a worker thread") {
  if (!have_program("node")) SKIP_TEST("no node");
  const Workspace here;
  here.write("main.js", R"js(
const { Worker } = require("worker_threads"), fs = require("fs"), os = require("os");
const { execFileSync } = require("child_process");
fs.writeFileSync("made.txt", "by node");
console.log(execFileSync("/bin/echo", ["child"]).toString().trim(), os.hostname().length > 0);
setTimeout(() => new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true })
  .on("message", (answer) => console.log("worker", answer)), 10);
)js");
  const Answer answer = app(here, {"node", "main.js"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "child true\nworker 42\n");
  CHECK(read_file(here / "made.txt") == "by node");
}

TEST_CASE("vim edits a file in silent ex mode") {
  const std::string vim = have_program("vim") ? "vim" : have_program("vim.tiny") ? "vim.tiny" : "";
  if (vim.empty()) SKIP_TEST("no vim");
  const Workspace here;
  here.write("text", "one\ntwo\n");
  const Answer answer = app(here, {vim, "-es", "-u", "NONE", "+%s/two/three/", "+wq", "text"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(read_file(here / "text") == "one\nthree\n");
}

TEST_CASE("postgres makes a cluster, starts, and answers a query", "[slow]") {
  std::string programs;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (std::filesystem::exists(version.path() / "bin/initdb")) programs = version.path() / "bin";
  }
  if (programs.empty()) SKIP_TEST("no postgres");
  const Workspace here;
  // postgres refuses to be root; inside, it is not.
  const Answer answer = shell(
      here,
      "PATH=" + programs +
          ":$PATH\n"
          "initdb -D data -U ada --no-sync --auth=trust >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }\n"
          "pg_ctl -D data -w -l server.log -o '-k /tmp -h 127.0.0.1' start >/dev/null || { cat server.log "
          ">&2; exit 1; }\n"
          "psql -h 127.0.0.1 -U ada -d postgres -Atc 'select sum(n) from generate_series(1,100) n'\n"
          "psql -h /tmp -U ada -d postgres -Atc 'show dynamic_shared_memory_type'\n"
          "pg_ctl -D data -w -m fast stop >/dev/null",
      {"--set", "identity = { uid = 1000, gid = 1000 }"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "5050\nposix\n");
}

TEST_CASE("hutch runs in hutch, three deep") {
  const Workspace here;
  std::filesystem::copy_file(hutch_binary(), here / "hutch");
  here.profile("inner", "extends = [\"app\", \"base/nested\"]");
  const std::string profiles = std::string(HUTCH_SOURCE_DIR) + "/profiles";
  // Who is root outside must be somebody else inside: the kernel lets nobody without capabilities map the id
  // 0 again.
  const std::vector<std::string> more = {"--ro",  profiles,
                                         "--env", "HUTCH_PROFILE_PATH=" + profiles,
                                         "--set", "identity = { uid = 1000, gid = 1000 }"};
  const Answer twice =
      shell(here, "./hutch run --hostname inner ./inner.toml /bin/sh -c 'uname -n; echo $$'", more);
  INFO(twice.err);
  CHECK(twice.status == 0);
  CHECK(twice.out == "inner\n2\n");

  const Answer thrice = shell(here,
                              "./hutch run --ro " + profiles +
                                  " --env HUTCH_PROFILE_PATH ./inner.toml "
                                  "./hutch run ./inner.toml /bin/echo deep",
                              more);
  INFO(thrice.err);
  CHECK(thrice.out == "deep\n");
}

TEST_CASE("the app profile shows the current folder and not what lies beside it, nor the home folder") {
  const Workspace here;
  here.write("work/mine", "x");
  here.write("secret", "x");
  here.write("home/.ssh/id", "x");
  const Answer answer = run_hutch(
      {"run", "app", "/bin/sh", "-c", "ls .. ; ls -A ~; touch made ~/made && echo fine; touch /usr/x /etc/x"},
      {.env = {{"HOME", here / "home"}}, .cwd = here / "work"});
  CHECK(answer.out == "home\nwork\nfine\n");
  CHECK(std::filesystem::exists(here / "work/made"));
  CHECK_FALSE(std::filesystem::exists(here / "home/made"));
}

TEST_CASE("the app profile works from the home folder: it is the current folder that is shared") {
  const Workspace here;
  const Answer answer = run_hutch({"run", "app", "/bin/sh", "-c", "touch made; pwd"},
                                  {.env = {{"HOME", here.path()}}, .cwd = here.path()});
  CHECK(answer.out == here.path() + "\n");
  CHECK(std::filesystem::exists(here / "made"));
}
