import { expect, test } from "vitest";
import { parseLabelSelector } from "./label-selector.ts";

test.each([
  ["a=1", { a: "1" }, true],
  ["a==1,b!=2", { a: "1", b: "2" }, false],
  ["a in (1, 2),!b", { a: "2" }, true],
  ["a in (1,2)", {}, false],
  ["a notin (1,2)", {}, true],
  ["a notin ()", { a: "" }, false],
  ["a in (,x)", { a: "" }, true],
  ["in in (in)", { in: "in" }, true],
  ["a", { a: "" }, true],
  ["a=", { a: "" }, true],
  ["a>3", { a: "4" }, true],
  ["a<3", { a: "4" }, false],
  ["a>3", { a: "many" }, false],
  ["a > 3 , b", { a: "4", b: "" }, true],
])("%s holds of %o: %s", (selector, labels, expected) => {
  expect(parseLabelSelector(selector)(labels)).toBe(expected);
});

const requirement = "unable to parse requirement: ";
test.each([
  ["a b", `${requirement}found 'b', expected: in, notin, =, ==, !=, gt, lt`],
  ["a=b=c", "found '=', expected: ',' or 'end of string'"],
  [",", "found ',', expected: !, identifier, or 'end of string'"],
  ["a,", "found '', expected: identifier after ','"],
  ["a in (", `${requirement}found '', expected: ',', ')' or identifier`],
  ["a in (b c)", `${requirement}found 'c', expected: ',' or ')'`],
  ["a in b", `${requirement}found 'b' expected: '('`],
  ["!", `${requirement}found '', expected: identifier`],
  [
    "a>x",
    `${requirement}values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
])("%j is refused in Kubernetes' words", (selector, message) => {
  expect(() => parseLabelSelector(selector)).toThrow(
    expect.objectContaining({ message, code: 400 }),
  );
});

test("keys and values are checked as those of labels are", () => {
  expect(() => parseLabelSelector("a/b/c=d")).toThrow(
    /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a qualified name must/,
  );
  expect(() => parseLabelSelector("a=-")).toThrow(
    /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-": a valid label must/,
  );
});
