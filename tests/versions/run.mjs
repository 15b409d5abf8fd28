// node run.mjs VERSION FILE...: tests in Python on that MicroPython, each file on a fresh one. Exit status 1 if any failed.
// With PACKAGE=FOLDER the package is what is there (package.sh).
import { basename } from "node:path";
import { open, run } from "./micropython.mjs";

const [version, ...files] = process.argv.slice(2);
async function passes(file) {
    console.log(`--- ${basename(file)} on ${version}`);
    try {
        const python = await open(version, console.log, { environment: process.env, packaged: process.env.PACKAGE });
        return run(python, basename(file, ".py")) === 0;
    } catch (fault) {
        console.log(fault.message); // without the line of the builds' JavaScript that Node would show: 100 kB
        return false;
    }
}

let failed = files.length === 0;
for (const file of files) {
    if (!(await passes(file))) failed = true;
}
process.exitCode = failed ? 1 : 0;
