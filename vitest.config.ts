import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // One project after another: what is timed by the clock has the machine to itself.
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{harness,fixtures,scripts}/**/*.test.ts"],
          exclude: ["harness/embedded/parity/**"],
          sequence: { groupOrder: 1 },
        },
      },
      {
        // What was recorded from a real Kubernetes, played again; most of a minute, and most of that waiting.
        extends: true,
        test: {
          name: "parity",
          include: ["harness/embedded/parity/*.test.ts"],
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Labs wait for probes and rollouts more than they compute, so more of them run than there are cores.
        extends: true,
        test: {
          name: "labs",
          include: ["labs/*/lab.ts"],
          globalSetup: ["harness/lab/vitest-global-setup.ts"],
          setupFiles: ["harness/lab/vitest-setup.ts"],
          maxWorkers: 4,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
