import { expect, test } from "vitest";
import { readServerFlags } from "./server-flags.ts";

test("reads what the labs' clusters are started with, joined and apart", () => {
  expect(
    readServerFlags([
      "server",
      "--disable=traefik,servicelb",
      "--tls-san=10.0.0.1",
      "--tls-san",
      "engine.example.com,other",
      "--flannel-backend=host-gw",
      "--service-node-port-range=30000-30019",
      "--kubelet-arg=fail-cgroupv1=false",
    ]),
  ).toEqual({
    tlsSans: ["10.0.0.1", "engine.example.com", "other"],
    nodePorts: { first: 30_000, last: 30_019 },
    disabled: ["traefik", "servicelb"],
    kubeletArgs: { "fail-cgroupv1": "false" },
  });
});

test.each([
  [["agent"], "No help topic for 'agent'"],
  [["server", "--no-such-flag=1"], "flag provided but not defined: -no-such-flag"],
  [["server", "bare"], "flag provided but not defined: bare"],
  [["server", "--tls-san"], "flag needs an argument: -tls-san"],
  [["server", "--disable=nginx"], 'invalid value "nginx" for flag -disable'],
  [["server", "--service-node-port-range=2-1"], 'invalid value "2-1" for flag'],
])("refuses %j", (words, message) => {
  expect(() => readServerFlags(words)).toThrow(message);
});
