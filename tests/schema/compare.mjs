// The JSON Schema and the parser must accept and refuse the same profiles. Every key of the schema is tried with every
// value of a pool, every mount type with every mount key; both verdicts are compared.
// usage: node compare.mjs SCHEMA VERDICTS-PROGRAM [PROFILE…]   (profiles must be accepted by both)
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { parse, TomlDate } from "smol-toml";

const [schemaPath, program, ...profiles] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const validate = new Ajv2020({ strict: false, allErrors: false }).compile(schema);

// TOML text of values, as people write them, right and wrong.
const pool = [
  '""', '"a"', '"a/b"', '"/a"', '"/a/"', '"/a//b"', '"/a/../b"', '"/a/./b"', '"./a"', '"../a"', '"~/a"', '"~"', '"${HOME}"', '"${HOME}/x"', '"$$"', '"/"', '"."',
  '"new"', '"host"', '"newish"', '"private"', '"slave"', '"allow"', '"deny"', '"auto"', '"inherit"', '"none"', '"null"', '"append"',
  '"ro"', '"rw"', '"ro?"', '"rw?"', '"r"', '"tmpfs"', '"proc"', '"dev"', '"image"', '"mirror"', '"hidden"', '"bind"', '"device?"', '"overlay"', '"symlink"', '"file"',
  '"self"', '"root"', '"subids"', '"explicit"', '"pid"', '"invisible"', '"idle"', '"best-effort"', '"best-effort:7"', '"best-effort:8"', '"realtime:0"', '"no_randomize"',
  '"0"', '"022"', '"1777"', '"8888"', '"17777"', '"64M"', '"64m"', '"64MiB"', '"1.5G"', '"-1"', '"16777216T"', '"99999999999999999999"', '"30s"', '"+1d"', '"-3600s"', '"500ms"', '"30 s"', '"unlimited"',
  '"0-3,8"', '"3-0"', '"0-"', '"1,,2"', '"*"', '"LC_*"', '"A=B"', '"!x"', '"!idle"', '">=6.2"', '">= 6.2"', '"6.2"', '"net_admin"', '"x86_64"', '"hello world"', '"-host"', '"' + "h".repeat(64) + '"', '"' + "h".repeat(65) + '"', '"' + "é".repeat(40) + '"',
  '"' + "0123456789abcdef".repeat(4) + '"', '"a\\u0000b"', '"a\\u001bb"', '"a\\nb"', '"a:b"', '"string"', '"path"', '"int"', '"bool"',
  "0", "1", "-1", "2", "3", "19", "20", "-20", "-21", "64", "511", "512", "1000", "1001", "4095", "4096", "1048576", "4294967294", "4294967295", "4294967296", "9223372036854775807", "0o1777", "0x10", "1.5", "2.0", "inf", "nan", "true", "false",
  "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z",
  "[]", '["a"]', '[""]', '["/a"]', '["a", "b"]', '["!a"]', '["a", 1]', "[1]", "[1, 1]", "[-1]", "[4294967295]", "[3, 4]", "[1.5]", "[[]]", "[{}]", '["no_randomize"]', '["!no_randomize", "linux32"]', '["signal"]', '["net_admin"]', '["LC_*"]', '["~/a"]', '["null"]',
  "{}", "{ a = 1 }", "{ new = true }", "{ new = 1 }", '{ join = "x" }', '{ new = true, persist = "/x" }', '{ monotonic = "+1d" }', "{ monotonic = 5, boottime = -5 }", "{ soft = 1, hard = 2 }", "{ soft = 1 }", '{ soft = "unlimited", hard = "1M" }', '{ soft = "1s", hard = "2s" }', "{ soft = 2, hard = 1, x = 1 }",
  '{ value = "x" }', '{ value = "x", when = { root = true } }', '{ when = { root = true } }', '{ env = "HOME" }', '{ env = "A=B" }', '{ exists = "/x" }', '{ root = "yes" }', '{ kernel = ">=6.2" }', '{ kernel = "new" }', '{ arch = "" }', '{ type = "int", default = 1 }', '{ type = "bool", default = "x" }', '{ type = "string", choices = ["a"], default = "a" }', '{ type = "string", choices = ["a"], default = "b" }', "{ default = 1 }",
  '[{ inside = 0, outside = "self" }]', '[{ inside = 0, outside = 5, count = 0 }]', '[{ inside = 0, outside = "subids" }]', '[{ inside = 0, outside = "subids", count = 5 }]', '[{ inside = 0 }]', '[{ inside = 0, outside = "x" }]', '[{ inside = 4294967290, outside = 0, count = 100 }]', '[{ inside = 0, outside = "self", count = 2 }]',
];
const mountTypes = ["bind", "device", "tmpfs", "proc", "dev", "sysfs", "mqueue", "devpts", "cgroup", "mirror", "dir", "hidden", "overlay", "file", "symlink", "none", "image", "bnd", null];
// What a type needs to be whole, so that the other keys are what decides.
const needs = { symlink: 'to = "x"', file: 'content = "x"', overlay: 'lower = ["/a"]' };
const targets = ['"/a"', '"a"', '""', '"/"', '"/a/"', '"/a//b"', '"/a/../b"', '"/a/."', '"."', '".."', '"~/a"', '"~"', '"${HOME}/a"', '"${HOME}"', '"/${UID}/../x"', '"/dev/nv*"', '"/a b"', '"/a\\nb"', '"/a\\u001bb"', '"/a\\u0000"', '"/**/.env"', '"/\\\\*"', '"//"', '"/a${HOME}"', '"$a/b"', '"' + "/x".repeat(2100) + '"', '"/' + "y".repeat(256) + '"'];

const documents = [];
const add = (text) => documents.push(text);
const section = (path) => (path.length ? `[${path.join(".")}]\n` : "");

// Every table of the schema that is reached by fixed names.
function resolve(node) {
  while (node && node.$ref) node = node.$ref.replace(/^#\//, "").split("/").reduce((at, part) => at[part], schema);
  return node ?? {};
}
function walk(node, path) {
  for (const name of Object.keys(resolve(node).properties ?? {})) {
    for (const value of pool) add(`${section(path)}${name} = ${value}\n`);
    const below = resolve(resolve(node).properties[name]);
    if (path.length < 1 && below.properties) walk(below, [...path, name]);
  }
  for (const value of pool.slice(0, 20)) add(`${section(path)}unheard_of = ${value}\n`);
}
walk(schema, []);

for (const target of targets) for (const value of ['"ro"', '"tmpfs"', '{ type = "tmpfs" }', '"hidden"', '"none"']) add(`[mounts]\n${target} = ${value}\n`);
const mountKeys = new Set(["unheard_of"]);
const collect = (node, depth = 0) => {
  if (!node || typeof node !== "object" || depth > 12) return;
  if (node.properties && node.properties.optional) Object.keys(node.properties).forEach((key) => mountKeys.add(key));
  Object.values(node).forEach((each) => collect(each, depth + 1));
};
collect(schema);
for (const type of mountTypes) {
  const head = type === null ? [] : [`type = "${type}"`];
  add(`[mounts]\n"/a" = { ${head.join(", ")} }\n`);
  for (const key of mountKeys) {
    if (key === "type") continue;
    for (const value of pool) {
      const own = needs[type] && !needs[type].startsWith(`${key} `) ? [needs[type]] : [];
      if (type === "file" && key === "source") own.length = 0;
      add(`[mounts]\n"/a" = { ${[...head, ...own, `${key} = ${value}`].join(", ")} }\n`);
    }
  }
}
for (const value of pool) {
  add(`[environment.set]\nA = ${value}\n`);
  add(`[params.x]\ndefault = ${value}\n`);
  add(`[params.x]\ntype = "path"\ndefault = ${value}\n`);
  add(`[params.x]\ntype = "int"\ndefault = ${value}\n`);
  add(`[params.x]\nchoices = ${value}\n`);
  add(`[params]\nx = ${value}\n`);
  add(`[mounts]\n"/a" = ${value}\n`);
  add(`[mounts]\n"/a" = { type = "overlay", lower = ["/a"], upper = "/u", work = ${value} }\n`);
  add(`[mounts]\n"/a" = { type = "overlay", lower = ["/a"], upper = ${value} }\n`);
  add(`[mounts]\n"/a" = { type = "file", content = "x", source = ${value} }\n`);
  add(`[[identity.uid_map]]\ninside = ${value}\noutside = 5\n`);
  add(`[[identity.uid_map]]\ninside = 0\noutside = ${value}\ncount = 2\n`);
}
for (const value of pool) {
  for (const [paths, keys] of [["inputs", ["source", "sha256", "scratch"]], ["outputs", ["to", "optional"]]]) {
    add(`[build.${paths}]\n"/a" = ${value}\n`);
    for (const key of keys) add(`[build.${paths}."/a"]\n${key} = ${value}\n`);
  }
}
for (const target of targets) for (const paths of ["inputs", "outputs"]) add(`[build.${paths}]\n${target} = "./x"\n`);
for (const [key, ok] of [['""', 0], ['"A B"', 0], ['"A=B"', 0], ["LD_PRELOAD", 1], ['"é"', 1]]) add(`[environment.set]\n${key} = "x"\n`);
for (const path of profiles) add(readFileSync(path, "utf8"));

// TOML tells integers from floats and dates from strings; JSON does not.
function plain(value) {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return Number.isInteger(value) ? value + 0.5 : Number.isFinite(value) ? value : 0.5;
  if (value instanceof TomlDate || value instanceof Date) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return value;
}
function bySchema(text) {
  let value;
  try {
    value = parse(text, { integersAsBigInt: true });
  } catch {
    return null; // not TOML
  }
  return validate(plain(value));
}

const run = spawnSync(program, { input: documents.join("\0") + "\0", maxBuffer: 1 << 28, encoding: "utf8" });
if (run.status !== 0) throw new Error(`${program}: status ${run.status}, signal ${run.signal}`);
const verdicts = run.stdout.trimEnd().split("\n");
if (verdicts.length !== documents.length) throw new Error(`${documents.length} documents, ${verdicts.length} verdicts`);
let accepted = 0, refused = 0, differ = 0;
documents.forEach((text, index) => {
  const parser = verdicts[index] === "1";
  const verdict = bySchema(text);
  parser ? ++accepted : ++refused;
  if ((verdict ?? false) === parser) return;
  if (++differ <= 40) console.log(`parser ${verdicts[index]}, schema ${verdict}: ${JSON.stringify(text.slice(0, 200))}`);
});
const shipped = verdicts.slice(documents.length - profiles.length).filter((verdict) => verdict !== "1").length;
console.log(`${documents.length} documents: ${accepted} accepted, ${refused} refused, ${differ} where they differ; ${profiles.length} shipped profiles, ${shipped} refused`);
process.exit(differ || shipped || accepted < 1000 || refused < 1000 ? 1 : 0);
