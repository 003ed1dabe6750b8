// Writes src/api/schema.d.ts from api/openapi.json and src/api/shipped.json from the pipelines and models in domain/.
// With --check: whether the files that are checked in are what it would write.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";

const web = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");
const fresh = mkdtempSync(join(tmpdir(), "groundwork-web-"));

function schema(target) {
  const generator = join(web, "node_modules/openapi-typescript/bin/cli.js");
  execFileSync(process.execPath, [generator, join(web, "../api/openapi.json"), "--output", target], { stdio: "pipe" });
}

/** Which models people can name for a retry. */
function shipped(target) {
  const domain = join(web, "../domain");
  const models = parse(readFileSync(join(domain, "models.toml"), "utf8")).model ?? [];
  const pipelines = readdirSync(join(domain, "pipelines"))
    .filter((name) => name.endsWith(".toml"))
    .sort()
    .map((name) => parse(readFileSync(join(domain, "pipelines", name), "utf8")))
    .map(({ id, version, title, description, stage }) => ({
      id,
      version,
      title,
      description,
      stages: (stage ?? []).map((one) => ({
        id: one.id,
        status: one.status,
        verb: one.verb ?? null,
        agent: one.agent ?? null,
        needs: one.needs ?? [],
        produces: one.produces ?? null,
        gate: one.gate?.name ?? null,
      })),
    }));
  const usable = models.filter((model) => model.retired !== true).map(({ id, provider }) => ({ id, provider }));
  writeFileSync(target, `${JSON.stringify({ models: usable, pipelines }, null, 2)}\n`);
}

let stale = 0;
for (const [name, write] of [["schema.d.ts", schema], ["shipped.json", shipped]]) {
  const kept = join(web, "src/api", name);
  const target = check ? join(fresh, name) : kept;
  write(target);
  if (check && readFileSync(target, "utf8") !== readFileSync(kept, "utf8")) {
    console.error(`web: src/api/${name} is not what its source says now: run npm run generate in web/ and commit`);
    stale += 1;
  }
}
process.exit(stale === 0 ? 0 : 1);
