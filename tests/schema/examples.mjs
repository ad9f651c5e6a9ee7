// Every key has examples in the schema of profiles, and each fits the very place where it stands.
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync(process.argv[2], "utf8"));
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
ajv.addSchema(schema);
const taking = (pointer) => ajv.compile({ $ref: `${schema.$id}#${pointer}` });
let keys = 0, tried = 0, wrong = 0;
const complain = (pointer, what) => {
  console.log(`${decodeURIComponent(pointer)}: ${what}`);
  ++wrong;
};
const escaped = (name) => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));

function walk(node, pointer) {
  if (!node || typeof node !== "object") return;
  if (/(?<!\/properties)\/(properties|\$defs)$/.test(pointer)) return Object.entries(node).forEach(([name, below]) => walk(below, `${pointer}/${escaped(name)}`));
  const later = node.description?.endsWith("Not supported yet.");
  if (node.description && pointer.includes("/properties/")) {
    ++keys;
    if (!later && !node.examples?.length) complain(pointer, "no example");
    if (later && node.examples) complain(pointer, "an example of what is not supported");
  }
  for (const example of Array.isArray(node.examples) ? node.examples : []) {
    ++tried;
    const validate = taking(pointer);
    if (!validate(example)) complain(pointer, `${JSON.stringify(example)}: ${ajv.errorsText(validate.errors)}`);
  }
  for (const [name, below] of Object.entries(node)) if (name !== "examples" && name !== "enum") walk(below, `${pointer}/${escaped(name)}`);
}
walk(schema, "");
console.log(`${keys} keys, ${tried} examples, ${wrong} wrong`);
process.exit(wrong || keys < 150 || tried < 150 ? 1 : 0);
