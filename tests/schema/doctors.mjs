// Every answer of `hutch doctor --json` must fit schema/doctor.schema.json, and its exit status must say what `ok` says.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
const folder = mkdtempSync(join(tmpdir(), "hutch-doctors-"));
const profile = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
// Namespaces in which a cause can be made to happen.
const after = (script, ...words) => ["unshare", "-Urm", "sh", "-ec", `${script}\nexec "$@"`, "sh", hutch, "doctor", "--json", ...words];
const sound = profile("sound.toml", '[mounts]\n"/usr" = "ro"\n');
const proc = profile("proc.toml", '[mounts]\n"/proc" = "proc"\n"/proc/tty" = "hidden"\n');
const cases = {
  "this machine": { run: [hutch, "doctor", "--json"], ok: true, finds: (answer) => !answer.profile && answer.facts.length > 10 && answer.trials.every((each) => each.result !== "not tried") },
  "a sound profile": { run: [hutch, "doctor", "--json", sound], ok: true, finds: (answer) => answer.profile.went_through },
  "a profile that is none": { run: [hutch, "doctor", "--json", profile("none.toml", "unheard_of = 1")], ok: false, finds: (answer) => answer.profile.diagnostics[0].line === 1 },
  "no user namespaces": { run: after("echo 0 >/proc/sys/user/max_user_namespaces"), ok: false, finds: (answer) => answer.trials.some((each) => each.takes === "user namespace") },
  "lines that fail": { run: after("mount --bind /dev/null /proc/version", proc), ok: false, finds: (answer) => answer.profile.not_tried.length === 1 },
};
let wrong = 0;
for (const [name, { run: [program, ...words], ok, finds }] of Object.entries(cases)) {
  const run = spawnSync(program, words, { encoding: "utf8" });
  const answer = run.stdout ? JSON.parse(run.stdout) : {};
  if (validate(answer) && answer.ok === ok && run.status === (ok ? 0 : 1) && finds(answer)) continue;
  console.log(`${name}: status ${run.status} ${JSON.stringify((validate.errors ?? []).slice(0, 3), null, 1)} ${run.stdout} ${run.stderr}`);
  ++wrong;
}
rmSync(folder, { recursive: true });
console.log(`${Object.keys(cases).length} answers, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
