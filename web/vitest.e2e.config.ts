import { defineConfig } from "vitest/config";

/** End-to-end tests: one stack, one browser, one file after another. `make test` starts the stack and says where it is. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.e2e.ts"],
    fileParallelism: false,
    pool: "forks",
    testTimeout: 180_000,
    hookTimeout: 60_000,
    bail: 1,
    // One second otherwise: less than a command needs on its way to the page, on a machine that does other things.
    expect: { poll: { timeout: 20_000 } },
  },
});
