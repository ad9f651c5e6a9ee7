// Every answer of `hutch verify --json` must fit schema/verify.schema.json, and its exit status must say what `as_planned` says.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch, ...profiles] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
let wrong = 0, verified = 0;
for (const profile of profiles) {
  const run = spawnSync(hutch, ["verify", "--json", profile], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (!run.stdout) continue;  // what this machine cannot set up
  ++verified;
  const answer = JSON.parse(run.stdout);
  if (validate(answer) && run.status === (answer.as_planned ? 0 : 1)) continue;
  console.log(`${profile}: status ${run.status} ${JSON.stringify((validate.errors ?? []).slice(0, 3), null, 1)} ${run.stderr}`);
  ++wrong;
}
console.log(`${verified} verified, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
