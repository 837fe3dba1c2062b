import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{harness,fixtures,scripts}/**/*.test.ts"],
          exclude: ["harness/embedded/parity/**"],
        },
      },
      {
        // What was recorded from a real Kubernetes, played again; most of a minute, and most of that waiting.
        extends: true,
        test: { name: "parity", include: ["harness/embedded/parity/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "labs",
          include: ["labs/*/lab.ts"],
          globalSetup: ["harness/lab/vitest-global-setup.ts"],
          setupFiles: ["harness/lab/vitest-setup.ts"],
        },
      },
    ],
  },
});
