// node run.mjs VERSION FILE...: tests in Python on that MicroPython, each file on a fresh one. Exit status 1 if any failed.
import { basename } from "node:path";
import { open, run } from "./micropython.mjs";

const [version, ...files] = process.argv.slice(2);
let failed = files.length === 0;
for (const file of files) {
    console.log(`--- ${basename(file)} on ${version}`);
    const python = await open(version, console.log, process.env);
    if (run(python, basename(file, ".py")) !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
