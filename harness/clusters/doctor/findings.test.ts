import { expect, test } from "vitest";
import type { Finding } from "./check.ts";
import { cgroups, engineMemory, inotifyInstances } from "./engine-checks.ts";
import { disk, memory, nodeVersion, proxies } from "./machine-checks.ts";

const gibibyte = 1024 ** 3;

const findings: readonly [name: string, finding: Finding, state: Finding["state"], text: RegExp][] =
  [
    ["Node 24", nodeVersion("24.21.0"), "ok", /v24\.21\.0/],
    ["Node 20", nodeVersion("20.20.2"), "no", /run through npm/],
    ["8 GiB of memory", memory(8 * gibibyte), "ok", /8\.0 GiB available/],
    ["1.5 GiB of memory", memory(1.5 * gibibyte), "warn", /run one lab at a time/],
    ["half a GiB of memory", memory(0.5 * gibibyte), "no", /close other programs/],
    ["a disk with room", disk(20 * gibibyte, "/tmp"), "ok", /20\.0 GiB free in \/tmp/],
    ["a small disk", disk(2 * gibibyte, "/tmp"), "warn", /k3s needs about 4 GiB/],
    ["a full disk", disk(1, "/tmp"), "no", /set TMPDIR/],
    ["no proxy", proxies({}), "ok", /none set/],
    ["a proxy for all", proxies({ https_proxy: "http://p:3128" }), "warn", /export NO_PROXY=/],
    [
      "a proxy that spares loopback",
      proxies({ HTTP_PROXY: "http://p:3128", NO_PROXY: "localhost,127.0.0.1" }),
      "ok",
      /spares 127\.0\.0\.1/,
    ],
    ["cgroup v2", cgroups("2"), "ok", /v2/],
    ["cgroup v1", cgroups("1"), "warn", /it works/],
    ["an engine with memory", engineMemory(8 * gibibyte), "ok", /8\.0 GiB/],
    ["an engine with little memory", engineMemory(2 * gibibyte), "warn", /give the engine 4 GiB/],
    ["few inotify instances", inotifyInstances(128), "warn", /sysctl fs\.inotify/],
    ["enough inotify instances", inotifyInstances(8192), "ok", /8192/],
    ["a platform without inotify", inotifyInstances(undefined), "ok", /not limited/],
  ];

test.each(findings)("%s is told with what to do", (_name, finding, state, text) => {
  expect(finding.state).toBe(state);
  expect(`${finding.found} ${finding.advice ?? ""}`).toMatch(text);
  expect(finding.advice === undefined).toBe(state === "ok");
});
