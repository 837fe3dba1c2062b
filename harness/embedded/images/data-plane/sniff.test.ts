import { expect, test } from "vitest";
import { sniff } from "./sniff.ts";

const cases: readonly (readonly [string, string])[] = [
  ["", "more"],
  ["G", "more"],
  ["GET /a HT", "more"],
  ["GET /a HTTP/1.1\r", "more"],
  ["GET /a HTTP/1.1\r\n", "http1"],
  ["POST /a?b=c HTTP/1.0\nrest", "http1"],
  ["GET /a HTTP/2.0\r\n", "tcp"],
  ["GET /a b", "tcp"],
  ["PRI * HTTP/2.0\r\n", "more"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", "http2"],
  ["*1\r\n$4\r\nPING\r\n", "tcp"],
  ["SSH-2.0-x\r\n", "tcp"],
  ["\x16\x03\x01", "tls"],
  ["\x16\x02\x01", "tcp"],
  ["\0\0\0", "tcp"],
];

for (const [bytes, kind] of cases) {
  test(`takes ${JSON.stringify(bytes)} for ${kind}`, () => {
    expect(sniff(Buffer.from(bytes, "latin1"))).toBe(kind);
  });
}
