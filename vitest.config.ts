import { defineConfig } from "vitest/config";

/** Whole clusters, Docker, kills and leaks: what takes a minute each. Run by `npm run test:system`. */
const systemTests = [
  "harness/addons/**/*.test.ts",
  "harness/clusters/**/*.test.ts",
  "harness/embedded/whole-cluster/*.test.ts",
  "harness/lab/{load,mesh-traffic}.test.ts",
  "harness/pages/by-hand.test.ts",
  "scripts/*.test.ts",
];
const parityTests = [
  "harness/embedded/parity/*.test.ts",
  "harness/embedded/kubelet/{containers,kubelet,probes}.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // What is awaited comes when the machine gets to it; a second is short on a busy one.
    expect: { poll: { timeout: 15_000 } },
    // One project after another: what is timed by the clock has the machine to itself.
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{harness,fixtures}/**/*.test.ts"],
          exclude: [...systemTests, ...parityTests],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
        },
      },
      {
        // What was recorded from a real Kubernetes, played again, and what else goes by the second: most of it
        // is waiting, and one file at a time so that programs boot as fast as the machine lets them.
        extends: true,
        test: {
          name: "parity",
          include: parityTests,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: systemTests,
          testTimeout: 120_000,
          maxWorkers: 3,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
