// schema/*.json are written by `hutch schema`: after a change of the key table or of the steps, write them again.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [hutch, directory] = process.argv.slice(2);
let wrong = 0;
for (const name of ["profile", "plan", "report", "diff", "check", "verify", "test", "doctor"]) {
  const printed = spawnSync(hutch, ["schema", name], { encoding: "utf8", maxBuffer: 1 << 26 }).stdout;
  if (!printed || printed !== readFileSync(`${directory}/${name}.schema.json`, "utf8")) {
    console.log(`schema/${name}.schema.json is not what it should be: hutch schema ${name} > schema/${name}.schema.json`);
    ++wrong;
  }
}
process.exit(wrong ? 1 : 0);
