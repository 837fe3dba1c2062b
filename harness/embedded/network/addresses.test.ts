import { expect, test } from "vitest";
import { isLoopback, peerOf, sourceAddressOf, type SourceKind } from "./addresses.ts";

test.runIf(process.platform === "linux").each<[SourceKind, string, boolean]>([
  ["asPod", "10.244.3.7", false],
  ["toItself", "127.0.0.1", true],
  ["asSidecar", "127.0.0.6", true],
])(
  "a connection %s is told to the server as %s, whichever source it took",
  (kind, address, loopback) => {
    const sources = new Set(Array.from({ length: 200 }, () => sourceAddressOf("10.244.3.7", kind)));
    expect(sources.size).toBe(63);
    for (const source of sources) expect(peerOf(source ?? "")).toEqual({ address, loopback });
  },
);

test.each([
  ["127.0.0.1", "10.244.0.1"],
  ["192.168.1.5", "192.168.1.5"],
])("a connection from %s is told as from %s", (real, address) => {
  expect(peerOf(real)).toEqual({ address, loopback: false });
});

test.each([
  ["localhost", true],
  ["127.8.9.1", true],
  ["::1", true],
  ["0.0.0.0", true],
  ["127.example.org", false],
  ["10.244.0.1", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
