// What pages may cost to load, and what must never come with the first one. Held while Vite writes the bundle: a build that
// breaks a budget is no build.
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** A script of the bundle, as Rollup and Rolldown describe it. */
export interface Script {
  fileName: string;
  code: string;
  isEntry: boolean;
  isDynamicEntry: boolean;
  name: string;
  imports: readonly string[];
  moduleIds: readonly string[];
}

/** Kilobytes, gzip, of the scripts that are loaded before anything is shown. */
const MAIN_KB_MAX = 250;
/** Of what one page or part loads beyond those. */
const LAZY_KB_MAX = 90;
/** Of all scripts together: what somebody loads who opens every page. */
const ALL_KB_MAX = 520;
const MAIN = "main";
/** What it is called here, and the packages that bring it. */
const HEAVY: Readonly<Record<string, readonly string[]>> = {
  "React Flow": ["@xyflow/react", "@dagrejs/dagre"],
  Markdown: ["react-markdown", "remark-gfm", "rehype-sanitize"],
  "the diff": ["diff"],
  "QR codes": ["qrcode-generator"],
};

const kilobytes = (code: string): number => gzipSync(code, { level: 9 }).length / 1_000;

/** The file and all that it imports in turn, except what is loaded when it is wanted. */
function withImports(scripts: ReadonlyMap<string, Script>, fileName: string, found = new Set<string>()): Set<string> {
  const script = scripts.get(fileName);
  if (script === undefined || found.has(fileName)) return found;
  found.add(fileName);
  for (const other of script.imports) withImports(scripts, other, found);
  return found;
}

export interface Verdict {
  lines: string[];
  faults: string[];
}

/** Weighs a bundle: what each part costs, and what is wrong with that. */
export function weigh(bundle: readonly Script[], heavy = HEAVY): Verdict {
  const scripts = new Map(bundle.map((script) => [script.fileName, script]));
  const sizes = new Map(bundle.map((script) => [script.fileName, kilobytes(script.code)]));
  const sum = (files: Iterable<string>): number => [...files].reduce((total, file) => total + (sizes.get(file) ?? 0), 0);
  const entry = bundle.find((script) => script.isEntry && script.name === MAIN);
  if (entry === undefined) return { lines: [], faults: ["there is no main entry"] };
  const first = withImports(scripts, entry.fileName);
  const parts = bundle
    .filter((script) => script.isDynamicEntry)
    .map((script) => ({ name: script.name, size: sum([...withImports(scripts, script.fileName)].filter((file) => !first.has(file))) }))
    .sort((a, b) => b.size - a.size);
  const faults: string[] = [];
  const hold = (what: string, size: number, most: number): string => {
    if (size > most) faults.push(`${what}: ${size.toFixed(1)} kB gzip, and ${most} is the most: load heavy parts when they are needed`);
    return `${what}: ${size.toFixed(1)} kB gzip of ${most}`;
  };
  const lines = [hold("main bundle", sum(first), MAIN_KB_MAX), hold("all scripts", sum(scripts.keys()), ALL_KB_MAX)];
  for (const part of parts) {
    const line = hold(`lazy part ${part.name}`, part.size, LAZY_KB_MAX);
    if (part === parts[0]) lines.push(line);
  }
  for (const [what, packages] of Object.entries(heavy)) {
    for (const name of packages) {
      const holders = bundle.filter((script) => script.moduleIds.some((id) => id.includes(`/node_modules/${name}/`)));
      // A name that nothing has any more would hold nothing.
      if (holders.length === 0) faults.push(`${what}: nothing of ${name} is in the bundle; is it still its name?`);
      if (holders.some((script) => first.has(script.fileName))) faults.push(`${what} (${name}) is loaded with the first page`);
    }
  }
  return { lines, faults };
}

/** Also writes `files.json`, the scripts and styles that the service worker keeps for a device without a network. */
export function budget(): Plugin {
  return {
    name: "groundwork-budget",
    apply: "build",
    generateBundle(_, bundle) {
      const scripts = Object.values(bundle).filter((file) => file.type === "chunk");
      const { lines, faults } = weigh(scripts);
      if (faults.length > 0) this.error(faults.join("\n"));
      for (const line of lines) console.log(line);
      const names = Object.keys(bundle).filter((name) => /^assets\/.*\.(?:js|css)$/.test(name));
      this.emitFile({ type: "asset", fileName: "files.json", source: JSON.stringify(names.map((name) => `/${name}`).sort()) });
    },
  };
}
