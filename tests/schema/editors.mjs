// What an editor sees: every shipped profile names its schema, and two tools that know nothing of each other, ajv with
// smol-toml and tombi, take the schema, take every profile, and refuse the same mistakes in it.
// usage: node editors.mjs SCHEMA PROFILE…
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { parse } from "smol-toml";

const [schemaPath, ...profiles] = process.argv.slice(2);
const here = dirname(new URL(import.meta.url).pathname);
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
let wrong = 0;
const complain = (what) => {
  console.log(what);
  ++wrong;
};

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
if (!ajv.validateSchema(schema)) complain(`the schema is none: ${ajv.errorsText()}`);
const validate = ajv.compile(schema);
const ajvTakes = (text) => validate(parse(text));

// A folder beside which the schema lies, as it does in share/hutch and in the sources.
const folder = mkdtempSync(join(tmpdir(), "hutch-editors-"));
mkdirSync(join(folder, "schema"));
mkdirSync(join(folder, "profiles"));
writeFileSync(join(folder, "schema/profile.schema.json"), JSON.stringify(schema));
writeFileSync(join(folder, "tombi.toml"), "");
/// Runs tombi once over all files; which of them it has nothing to say about.
function tombi(files) {
  const run = spawnSync(join(here, "node_modules/@tombi-toml/cli-linux-x64/tombi"), ["lint", "--offline", "--no-cache", ...files], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", HOME: folder, XDG_CACHE_HOME: join(folder, "cache") },
    maxBuffer: 1 << 28,
  });
  if (run.error || run.signal) complain(`tombi: ${run.error ?? run.signal}`);
  return run.stdout + run.stderr;
}

// What ships, where it lies.
for (const path of profiles) {
  const text = readFileSync(path, "utf8");
  const said = /^(?:#!.*\n)?#:schema (\S+)\n/.exec(text);
  if (!said) complain(`${path}: the first line is not "#:schema …/schema/profile.schema.json"`);
  else if (realpathSync(resolve(dirname(path), said[1])) !== realpathSync(schemaPath)) complain(`${path}: ${said[1]} is another schema`);
  if (!ajvTakes(text)) complain(`${path}: ajv: ${ajv.errorsText(validate.errors)}`);
}
const said = tombi(profiles);
if (!said.includes(`${profiles.length} files linted successfully`) || /warning|error/i.test(said.replaceAll(/\S+\.toml/g, ""))) complain(said);

// Mistakes, each put in front of what ships: both tools must see each of them.
const mistakes = {
  "an unknown key": "unheard_of = 1",
  "a wrong type": 'hostname = ["a"]',
  "a wrong word": 'mounts."/mistaken" = "roo"',
  "a key of another type of mount": 'mounts."/mistaken" = { type = "tmpfs", source = "/x" }',
  "a relative target": 'mounts."mistaken" = "ro"',
  "a wrong default": "params.mistaken.default = {}",
  "an unknown key in a table": 'network.unheard_of = "x"',
};
const sound = 'mounts."/fine" = { type = "overlay", lower = ["/a"], upper = "/b", work = "/c" }';
const copies = [];
for (const [name, line] of Object.entries({ nothing: sound, ...mistakes })) {
  const path = join(folder, "profiles", `${copies.length}.toml`);
  const text = `#:schema ../schema/profile.schema.json\nschema = 1\n${line}\n`;
  writeFileSync(path, text);
  copies.push({ name, path, text, sound: name === "nothing" });
}
for (const copy of copies) {
  const takes = { ajv: ajvTakes(copy.text), tombi: tombi([copy.path]).includes("1 file linted successfully") };
  for (const [tool, taken] of Object.entries(takes)) if (taken !== copy.sound) complain(`${tool} ${taken ? "takes" : "refuses"} ${copy.name}`);
}
rmSync(folder, { recursive: true });
console.log(`${profiles.length} profiles, ${copies.length - 1} mistakes, ${wrong} wrong`);
process.exit(wrong || profiles.length === 0 ? 1 : 0);
