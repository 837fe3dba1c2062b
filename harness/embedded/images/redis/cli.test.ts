import { expect, test } from "vitest";
import { format } from "./cli.ts";

test.for([
  ["+OK\r\n", "OK"],
  [":7\r\n", "(integer) 7"],
  ["$2\r\nab\r\n", '"ab"'],
  ["$-1\r\n", "(nil)"],
  ["-ERR no\r\n", "(error) ERR no"],
  ["*0\r\n", "(empty array)"],
  ["*2\r\n$1\r\na\r\n:1\r\n", '1) "a"\n2) (integer) 1'],
] as const)("%j is shown as %j", ([reply, text]) => {
  expect(format(reply)).toEqual({ text, length: reply.length });
});

test.for(["$2\r\na", "*2\r\n:1\r\n", "+O"])("%j is not complete yet", (part) => {
  expect(format(part)).toBeUndefined();
});
