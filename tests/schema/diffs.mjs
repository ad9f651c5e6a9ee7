// Every answer of `hutch diff --json` must fit schema/diff.schema.json, and its exit status must say what `wider` says.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch, ...profiles] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
let wrong = 0, wider = 0, asked = 0;
// All pairs would be thousands: each with itself and with others that are spread over the library.
const partners = (at) => [0, 1, 5, 17, 29].map((distance) => profiles[(at + distance) % profiles.length]);
for (const [at, first] of profiles.entries()) {
  for (const second of new Set(partners(at))) {
    const run = spawnSync(hutch, ["diff", "--json", first, second], { encoding: "utf8", maxBuffer: 1 << 28 });
    ++asked;
    const answer = run.stdout ? JSON.parse(run.stdout) : {};
    const fits = validate(answer) && run.status === (answer.wider ? 1 : 0) && (first !== second || answer.differences.length === 0);
    if (answer.wider) ++wider;
    if (fits) continue;
    console.log(`${first} ${second}: status ${run.status} ${JSON.stringify((validate.errors ?? []).slice(0, 3), null, 1)} ${run.stderr}`);
    ++wrong;
  }
}
console.log(`${asked} comparisons, ${wider} wider, ${wrong} wrong`);
process.exit(wrong || wider === 0 ? 1 : 0);
