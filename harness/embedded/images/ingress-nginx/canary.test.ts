import { expect, test } from "vitest";
import type { HeaderMap } from "../data-plane/exchange.ts";
import { defaultSettings, type TrafficShaping } from "./annotations.ts";
import { chooseBackend, type Draw } from "./canary.ts";
import type { Backend } from "./routing.ts";

const endpoints = [{ address: "10.0.0.1", port: 80 }];

function choose(
  shaping: Partial<TrafficShaping>,
  headers: HeaderMap | Readonly<Record<string, string | undefined>> = {},
  options: { draw?: Draw; main?: Partial<Backend>; canary?: Partial<Backend> } = {},
): string | undefined {
  const policy = { ...defaultSettings().shaping, ...shaping };
  const main = { name: "main", endpoints, alternatives: ["canary"], shaping: undefined };
  const canary = { name: "canary", endpoints, alternatives: [], shaping: policy };
  const backends = new Map<string, Backend>([
    ["main", { ...main, ...options.main }],
    ["canary", { ...canary, ...options.canary }],
  ]);
  return chooseBackend(backends, "main", headers as HeaderMap, options.draw ?? (() => 100))?.name;
}

const never: Draw = () => {
  throw new Error("no chance was to decide");
};

test.for([
  { shaping: { header: "X-Canary" }, headers: { "x-canary": "always" }, to: "canary" },
  { shaping: { header: "X-Canary", weight: 100 }, headers: { "x-canary": "never" }, to: "main" },
  { shaping: { header: "v", headerValue: "2" }, headers: { v: "2" }, to: "canary" },
  { shaping: { header: "v", headerPattern: "^2" }, headers: { v: "200" }, to: "canary" },
  { shaping: { header: "v", headerPattern: "(?i)^fire" }, headers: { v: "FireFox" }, to: "canary" },
  { shaping: { header: "v", headerPattern: "[", weight: 100 }, headers: { v: "200" }, to: "main" },
  { shaping: { cookie: "c" }, headers: { cookie: "a=b; c=always" }, to: "canary" },
  { shaping: { cookie: "c", weight: 100 }, headers: { cookie: "c=never" }, to: "main" },
  {
    shaping: { header: "h", cookie: "c" },
    headers: { h: "never", cookie: "c=always" },
    to: "main",
  },
  {
    shaping: { header: "h", cookie: "c" },
    headers: { h: "else", cookie: "c=always" },
    to: "canary",
  },
])("$shaping with $headers goes to $to, whatever chance says", ({ shaping, headers, to }) => {
  expect(choose(shaping, headers, { draw: never })).toBe(to);
});

test.for([
  { shaping: { header: "h", weight: 100 }, headers: { h: "sometimes" } },
  { shaping: { header: "h", headerValue: "2", weight: 100 }, headers: { h: "always" } },
  { shaping: { header: "h", headerPattern: "^2", weight: 100 }, headers: { h: "always" } },
  { shaping: { cookie: "c", weight: 100 }, headers: { cookie: "c=2" } },
])("$shaping with $headers is left to the weight", ({ shaping, headers }) => {
  expect(choose(shaping, headers)).toBe("canary");
  expect(choose({ ...shaping, weight: 0 }, headers)).toBe("main");
});

test("a weight is a share of a hundred, or of a larger total; a smaller total counts as a hundred", () => {
  const drawn: number[] = [];
  const draw =
    (value: number): Draw =>
    (total) => {
      drawn.push(total);
      return value;
    };
  expect(choose({ weight: 10 }, {}, { draw: draw(10) })).toBe("canary");
  expect(choose({ weight: 10 }, {}, { draw: draw(11) })).toBe("main");
  expect(choose({ weight: 10, weightTotal: 1000 }, {}, { draw: draw(11) })).toBe("main");
  expect(choose({ weight: 10, weightTotal: 20 }, {}, { draw: draw(11) })).toBe("main");
  expect(choose({ weight: 0 }, {}, { draw: draw(1) })).toBe("main");
  expect(drawn).toEqual([100, 100, 1000, 100, 100]);
});

test("a canary without endpoints leaves everything to main; a main without leaves nothing to anybody", () => {
  const always = { h: "always" };
  expect(choose({ header: "h" }, always, { canary: { endpoints: [] } })).toBe("main");
  expect(choose({ header: "h" }, always, { main: { endpoints: [] } })).toBeUndefined();
});
