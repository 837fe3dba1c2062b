import { expect, test } from "vitest";
import { MountTable } from "./mount-table.ts";

const table = new MountTable([
  ["/etc/config", "/state/pods/1/config", "ro"],
  ["/etc/config/deep", "/state/pods/1/deep"],
  ["/apps", "/repo/fixtures", "ro"],
  ["/usr", "/usr"],
  ["/", "/state/pods/1/root"],
]);

test.each([
  ["/etc/config/a", "/state/pods/1/config/a"],
  ["/etc/config", "/state/pods/1/config"],
  ["/etc/config/deep/a", "/state/pods/1/deep/a"],
  ["/etc/configuration", "/state/pods/1/root/etc/configuration"],
  ["/apps/../etc/config/a", "/state/pods/1/config/a"],
  ["/apps//main.ts", "/repo/fixtures/main.ts"],
  ["/data/x", "/state/pods/1/root/data/x"],
  ["/", "/state/pods/1/root"],
  ["/usr/bin/env", "/usr/bin/env"],
  ["/repo/fixtures/main.ts", "/repo/fixtures/main.ts"],
  ["/state/pods/1/config/a", "/state/pods/1/config/a"],
])("%s of the container is %s", (container, host) => {
  expect(table.toHost(container)).toBe(host);
});

test.each([
  ["/state/pods/1/config/a", "/etc/config/a"],
  ["/state/pods/1/root/tmp", "/tmp"],
  ["/state/pods/1/root", "/"],
  ["/repo/fixtures", "/apps"],
  ["/usr/lib", "/usr/lib"],
  ["/elsewhere", "/elsewhere"],
])("%s of the machine is %s in the container", (host, container) => {
  expect(table.toContainer(host)).toBe(container);
});

test.each([
  ["/etc/config/a", true],
  ["/etc/config/deep/a", false],
  ["/apps/../data", false],
  ["/apps", true],
])("%s is read-only: %s", (path, expected) => {
  expect(table.isReadOnly(path)).toBe(expected);
});
