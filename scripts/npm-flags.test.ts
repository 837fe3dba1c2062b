import { expect, test } from "vitest";
import { mustNotBeNpms } from "./npm-flags.ts";

test("an option that npm took for its own is an error that says where -- belongs", () => {
  const environment = { npm_config_cluster: "true", npm_config_yes: "" };
  expect(() => mustNotBeNpms("lab", ["cluster", "keep", "yes"], environment)).toThrow(
    expect.objectContaining({
      message: "npm kept --cluster for itself",
      advice: "Put -- before the options: npm run lab -- NAME --cluster …",
    }),
  );
});

test("options behind -- leave no trace and are fine", () => {
  expect(() => mustNotBeNpms("lab", ["cluster", "yes"], { npm_config_yes: "" })).not.toThrow();
});
