// node heap.mjs VERSION MODULE...: bytes of heap that each module holds once imported, after those before it. With PACKAGE
// (package.sh) as bytecode. Words have 32 bits, as on a chip: a package that took 76.7 kB on an ESP32-C3 with 1.24.1 took 72.8 here.
import { open } from "./micropython.mjs";

// Doubles and what a board has imported at boot are not the package's.
const OTHERS = ["asyncio", "socket", "network", "machine", "ntptime", "binascii", "hashlib", "json", "errno"];
const [version, ...modules] = process.argv.slice(2);
const lines = [];
const python = await open(version, (line) => lines.push(line), { packaged: process.env.PACKAGE });

function held() {
    // Garbage goes when Python is entered from outside and has been told to collect.
    python.runPython("import gc; gc.collect()");
    python.runPython("print(gc.mem_alloc())");
    return Number(lines.at(-1));
}

python.runPython(`import ${version.startsWith("1.22") ? "ssl" : "tls"}, ${OTHERS.join(", ")}`);
let before = held();
for (const module of modules) {
    python.runPython(`import ${module}`);
    const now = held();
    console.log(`${String(now - before).padStart(8)} ${module}`);
    before = now;
}
