import { expect, test } from "vitest";
import { mustNotBeNpms } from "./npm-flags.ts";

test("an option that npm took for its own is an error that says where -- belongs", () => {
  const environment = { npm_config_cluster: "true", npm_config_yes: "" };
  const words = ["istio-canary"];
  expect(() => mustNotBeNpms("lab", ["cluster", "keep", "yes"], { environment, words })).toThrow(
    expect.objectContaining({
      message: "npm kept --cluster for itself",
      advice: "Put -- before the options: npm run lab -- istio-canary --cluster …",
    }),
  );
});

test("options behind -- leave no trace and are fine", () => {
  const environment = { npm_config_yes: "" };
  expect(() => mustNotBeNpms("lab", ["cluster", "yes"], { environment })).not.toThrow();
});

test("what npm itself was told by an .npmrc or the environment is fine", () => {
  const environment = {
    npm_config_registry: "https://npm.example.com/",
    npm_config_yes: "true",
    npm_config_json: "true",
  };
  const words = ["istio-canary", "--json=run.json", "--context", "kind.local"];
  expect(() =>
    mustNotBeNpms("lab", ["registry", "yes", "json"], { environment, words }),
  ).not.toThrow();
});

test("--json before -- is an error: its file's name is left among the names", () => {
  const environment = { npm_config_json: "true" };
  const words = ["istio-canary", "run.json"];
  expect(() => mustNotBeNpms("lab", ["json"], { environment, words })).toThrow(
    expect.objectContaining({
      message: "npm kept --json for itself",
      advice: "Put -- before the options: npm run lab -- istio-canary --json …",
    }),
  );
});
