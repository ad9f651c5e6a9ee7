// Every plan that `hutch plan --json` prints must fit schema/plan.schema.json, and its digest must be the one of --digest.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch, ...profiles] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
let wrong = 0;
for (const profile of profiles) {
  const run = (...words) => spawnSync(hutch, ["plan", ...words, profile], { encoding: "utf8", maxBuffer: 1 << 28 });
  const json = run("--json");
  if (json.status !== 0) {
    console.log(`${profile}: ${json.stderr}`);
    ++wrong;
    continue;
  }
  const plan = JSON.parse(json.stdout);
  if (!validate(plan)) {
    console.log(`${profile}: ${JSON.stringify(validate.errors.slice(0, 3), null, 1)}`);
    ++wrong;
  }
  if (plan.digest !== run("--digest").stdout.trim()) {
    console.log(`${profile}: the digest is another one`);
    ++wrong;
  }
}
console.log(`${profiles.length} plans, ${wrong} wrong`);
process.exit(wrong || profiles.length === 0 ? 1 : 0);
