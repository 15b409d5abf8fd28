// One MicroPython of a chosen version, with a file system in memory: the device package and its tests where they are in the
// repository, and doubles of what a chip has and Node has not.
import { webcrypto } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const built = join(root, "build/versions");
const PREFIX = "micropython-"; // of the packages' names in package.json
const PACKAGE = "device/countersign";
const COPIED = [
    PACKAGE,
    "device/main.py",
    "device/examples",
    "tests/device",
    "tests/versions/on_each",
    "docs/protocol.md",
    "core/errors/catalogue.def",
    "host/loader/board_scripts.cpp",
];
const DOUBLES = ["device/board/virtual/modules", "tests/versions/doubles"];
// Where modules are looked for; .frozen is what is built in. asyncio is there, but in the oldest.
const PATH = ["/doubles", "/tests/device", "/tests/versions/on_each", "/device", ".frozen", "/asyncio"];

globalThis.crypto ??= webcrypto; // what browsers have, and Node from 19 on: a build's source of random numbers

function copy(FS, from, to) {
    if (!statSync(from).isDirectory()) {
        FS.mkdirTree(dirname(to));
        FS.writeFile(to, readFileSync(from));
        return;
    }
    FS.mkdirTree(to);
    for (const name of readdirSync(from)) copy(FS, join(from, name), `${to}/${name}`);
}

// print(line) is called with each line of output; environment is what os.getenv() knows; packaged is a folder that takes the
// place of device/countersign.
export async function open(version, print, { environment = {}, packaged } = {}) {
    const folder = join(built, "node_modules", PREFIX + version);
    const { loadMicroPython } = await import(pathToFileURL(join(folder, "micropython.mjs")));
    const python = await loadMicroPython({
        heapsize: 4 << 20, // bytes to begin with
        url: join(folder, "micropython.wasm"),
        stdout: print,
        stderr: print,
    });
    const { FS } = python;
    for (const path of COPIED) copy(FS, (path === PACKAGE && packaged) || join(root, path), `/${path}`);
    for (const path of DOUBLES) copy(FS, join(root, path), "/doubles");
    copy(FS, join(built, "asyncio"), "/asyncio/asyncio");
    // The C module had another name before 1.23.
    if (version.startsWith("1.22")) FS.rename("/doubles/tls.py", "/doubles/ssl.py");
    python.runPython(`import sys; sys.path[:] = ${JSON.stringify(PATH)}; import _stand`);
    // The registry's number of a build is not always the one that it names itself.
    python.runPython(`assert "MicroPython v${version}" in sys.version, sys.version`);
    python.runPython(`_stand.environment.update(${JSON.stringify(environment)})`);
    return python;
}

// Imports the module: the exit status it asks for, 1 for an exception.
export function run(python, module) {
    python.runPython(`_stand.run(${JSON.stringify(module)})`);
    return Number(python.FS.readFile("/status", { encoding: "utf8" }));
}
