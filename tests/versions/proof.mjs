// proof.mjs VERSION: that run.mjs fails there when a test fails, when a file does not import, when there is no such version, and
// when there is nothing to run; and passes otherwise.
import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const version = process.argv[2];

function run(...words) {
    return spawnSync(process.execPath, [join(here, "run.mjs"), ...words], { encoding: "utf8" });
}

const failing = run(version, "test_backoff.py", "test_runner.py", "test_backoff.py");
assert.equal(failing.status, 1);
assert.match(failing.stdout, /FAILED test_fails/);
assert.match(failing.stdout, /1 passed, 1 failed/);

const absent = run(version, "test_of_nothing.py");
assert.equal(absent.status, 1);
assert.match(absent.stdout, /no module named 'test_of_nothing'/);

assert.equal(run("2.0.0", "test_backoff.py").status, 1);
assert.equal(run(version).status, 1);
assert.equal(run(version, "test_backoff.py").status, 0);
