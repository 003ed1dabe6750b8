// After the build: compresses what browsers load, and holds the budget of what they must load before anything is shown.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** Kilobytes, gzip, of all scripts that the page names. */
const MAIN_KB_MAX = 250;
const COMPRESSIBLE = new Set([".js", ".css", ".svg", ".json", ".webmanifest"]);
const dist = fileURLToPath(new URL("../dist", import.meta.url));

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

// What is written on the way ends in .gz and .br, which are passed over.
for (const path of files(dist)) {
  if (!COMPRESSIBLE.has(extname(path)) || statSync(path).size < 512) continue;
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

const page = readFileSync(join(dist, "index.html"), "utf8");
const first = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
const kilobytes = first.reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length, 0) / 1000;
console.log(`main bundle: ${kilobytes.toFixed(1)} kB gzip of ${MAIN_KB_MAX} in ${first.length} files`);
if (first.length === 0 || kilobytes > MAIN_KB_MAX) {
  console.error("the main bundle is over its budget: load heavy parts when they are needed");
  process.exit(1);
}
