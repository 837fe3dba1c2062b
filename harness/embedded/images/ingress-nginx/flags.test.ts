import { expect, test } from "vitest";
import { readFlags } from "./flags.ts";

test("flags have upstream's defaults, and one without a value switches on", () => {
  expect(readFlags([])).toMatchObject({ "sync-rate-limit": "0.3", "ingress-class": "nginx" });
  const flags = readFlags(["--watch-ingress-without-class", "--publish-service=a/b", "--v=2"]);
  expect(flags).toMatchObject({ "watch-ingress-without-class": "true", "publish-service": "a/b" });
});

test.for([
  ["--default-backend-service=a/b", "unknown flag: --default-backend-service"],
  ["start", "unknown flag: start"],
  ["--http-port=web", 'invalid argument "web" for "--http-port" flag: not a number'],
] as const)("%s is refused: %s", ([arg, message]) => {
  expect(() => readFlags([arg])).toThrow(message);
});
