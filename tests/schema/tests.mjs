// Every answer of `hutch test --json` must fit schema/test.schema.json, and its exit status must say what `ok` says.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";

const [schemaPath, hutch] = process.argv.slice(2);
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(JSON.parse(readFileSync(schemaPath, "utf8")));
const folder = mkdtempSync(join(tmpdir(), "hutch-tests-"));
const mounts = '[mounts]\n"/usr" = "ro"\n"/bin" = "mirror"\n"/lib" = "mirror"\n"/lib64" = "mirror"\n';
const cases = {
  passing: mounts + '[[test]]\nrun = ["true"]\n[[test]]\nrun = ["cat"]\nstdin = "x"\nexpect = { stdout = "x" }\n[[test]]\nrun = ["ls", "/home"]\nexpect = "denied"\n',
  failing: mounts + '[[test]]\nrun = ["false"]\n[[test]]\nrun = ["/no"]\nexpect = "denied"\n[[test]]\nrun = ["sh", "-c", "kill -9 $$$$"]\n',
  skipped: mounts + '[[test]]\nrun = ["true"]\nwhen = { arch = "vax" }\n',
  broken: '[[test]]\nrun = []\n',
  none: mounts,
};
let wrong = 0;
for (const [name, text] of Object.entries(cases)) {
  const path = join(folder, name + ".toml");
  writeFileSync(path, text);
  const run = spawnSync(hutch, ["test", "--json", path], { encoding: "utf8" });
  const answer = JSON.parse(run.stdout);
  if (validate(answer) && run.status === (answer.ok ? 0 : 1) && answer.ok === ["passing", "skipped", "none"].includes(name)) continue;
  console.log(`${name}: status ${run.status} ${JSON.stringify((validate.errors ?? []).slice(0, 3), null, 1)} ${run.stdout} ${run.stderr}`);
  ++wrong;
}
rmSync(folder, { recursive: true });
process.exit(wrong ? 1 : 0);
