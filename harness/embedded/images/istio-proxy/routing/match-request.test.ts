import { expect, test } from "vitest";
import type { HttpMatch } from "./istio-types.ts";
import { compileMatch, isCatchAllMatch } from "./match-request.ts";
import type { RequestView } from "./route.ts";
import { get } from "./snapshot.fixture.ts";

const cases: readonly (readonly [string, HttpMatch, RequestView, boolean])[] = [
  ["an exact path", { uri: { exact: "/a" } }, get("/a"), true],
  ["an exact path whatever the query", { uri: { exact: "/a" } }, get("/a?b=c"), true],
  ["no longer path for an exact one", { uri: { exact: "/a" } }, get("/a/"), false],
  ["a prefix inside a word", { uri: { prefix: "/foo" } }, get("/foobar"), true],
  ["no other prefix", { uri: { prefix: "/foo" } }, get("/fo"), false],
  ["a regex over the whole path", { uri: { regex: "/v[12]" } }, get("/v1"), true],
  ["no regex over a part of the path", { uri: { regex: "/v[12]" } }, get("/v1/x"), false],
  ["a path in capitals only where case is ignored", { uri: { exact: "/A" } }, get("/a"), false],
  ["a path of any case", { uri: { prefix: "/A" }, ignoreUriCase: true }, get("/ab"), true],
  [
    "a header's value",
    { headers: { version: { exact: "200" } } },
    get("/", { version: "200" }),
    true,
  ],
  [
    "no other value",
    { headers: { version: { exact: "200" } } },
    get("/", { version: "201" }),
    false,
  ],
  ["no value in other case", { headers: { a: { exact: "B" } } }, get("/", { a: "b" }), false],
  ["no missing header", { headers: { version: { prefix: "2" } } }, get("/"), false],
  ["a header's presence", { headers: { version: {} } }, get("/", { version: "" }), true],
  ["no absence for presence", { headers: { version: {} } }, get("/"), false],
  [
    "a cookie by regex",
    { headers: { cookie: { regex: "^(.*?;)?(user=jason)(;.*)?$" } } },
    get("/", { cookie: "a=b;user=jason" }),
    true,
  ],
  [
    "only all headers together",
    { headers: { a: { exact: "1" }, b: { exact: "2" } } },
    get("/", { a: "1" }),
    false,
  ],
  [
    "several values joined by commas",
    { headers: { a: { exact: "1,2" } } },
    get("/", { a: ["1", "2"] }),
    true,
  ],
  ["a method as pseudo-header", { headers: { ":method": { exact: "GET" } } }, get("/"), true],
  ["the absence of a header", { withoutHeaders: { a: {} } }, get("/"), true],
  ["no presence for absence", { withoutHeaders: { a: {} } }, get("/", { a: "1" }), false],
  [
    "an absent header where a value is unwanted",
    { withoutHeaders: { a: { exact: "x" } } },
    get("/"),
    true,
  ],
  ["no unwanted value", { withoutHeaders: { a: { exact: "x" } } }, get("/", { a: "x" }), false],
  ["a query parameter", { queryParams: { v: { exact: "2" } } }, get("/?u=1&v=2"), true],
  ["no other query parameter", { queryParams: { v: { exact: "2" } } }, get("/?u=2"), false],
  ["a method", { method: { exact: "POST" } }, get("/"), false],
  ["an authority with its port", { authority: { prefix: "logic" } }, get("/"), true],
];

for (const [what, match, request, expected] of cases) {
  test(`matches ${what}`, () => {
    expect(compileMatch(match)(request)).toBe(expected);
  });
}

test("takes a prefix of / without other conditions for everything", () => {
  expect(isCatchAllMatch({ uri: { prefix: "/" } })).toBe(true);
  expect(isCatchAllMatch({ uri: { prefix: "/" }, headers: { a: {} } })).toBe(false);
  expect(isCatchAllMatch({ uri: { prefix: "/a" } })).toBe(false);
});
