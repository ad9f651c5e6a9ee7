// Every answer of `hutch check --json` must fit schema/check.schema.json: with warnings, with errors, and for what ships.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch, ...profiles] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
const folder = mkdtempSync(join(tmpdir(), "hutch-checks-"));
const write = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const wrongOne = write("wrong.toml", '[mounts]\n"/usr" = "roo"\n');
const risky = write("risky.toml", '[mounts]\n"/usr" = "ro"\n"/usr/share" = "ro"\n[namespaces]\npid = "host"\n');
const run = spawnSync(hutch, ["check", "--json", ...profiles, wrongOne, risky], { encoding: "utf8", maxBuffer: 1 << 28 });
rmSync(folder, { recursive: true });
const answer = JSON.parse(run.stdout);
const by = (name) => answer.profiles.find((each) => each.profile === name);
let wrong = 0;
const expect = (what, truth) => {
  if (truth) return;
  console.log(`not so: ${what}`);
  ++wrong;
};
expect(`it fits the schema: ${JSON.stringify((validate.errors ?? []).slice(0, 3))}`, validate(answer));
expect("the status is 1", run.status === 1);
expect("a profile with an error reaches nothing", !by(wrongOne).ok && !("exposure" in by(wrongOne)));
expect("warnings pass", by(risky).ok && by(risky).diagnostics.length === 2 && by(risky).exposure.processes === "host");
expect("what ships is fine", profiles.every((each) => by(each).ok && by(each).exposure));
console.log(`${answer.profiles.length} profiles, ${wrong} wrong`);
process.exit(wrong || profiles.length === 0 ? 1 : 0);
