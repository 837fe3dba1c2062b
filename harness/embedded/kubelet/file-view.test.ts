import { expect, test } from "vitest";
import { FileView } from "./file-view.ts";

const view = new FileView("/state/root", [
  { containerPath: "/cfg", hostPath: "/state/volumes/cfg", readOnly: true },
  { containerPath: "/cfg/one.yaml", hostPath: "/state/copies/one.yaml", readOnly: true },
]);

test.each([
  ["/cfg/a", "/state/volumes/cfg/a"],
  ["/cfg/one.yaml", "/state/copies/one.yaml"],
  ["/cfgs", "/state/root/cfgs"],
  ["/", "/state/root"],
  ["/usr/bin/env", "/usr/bin/env"],
  ["/dev/null", "/dev/null"],
])("finds %s at %s", (path, real) => {
  expect(view.toHost(path)).toBe(real);
});

test.each([
  [
    "mkdir -p /www; hostname > /www/i.html",
    "mkdir -p /state/root/www; hostname > /state/root/www/i.html",
  ],
  ['cat "/cfg/a" 2>/dev/null', 'cat "/state/volumes/cfg/a" 2>/dev/null'],
  ["wget -O- http://web:80/path", "wget -O- http://web:80/path"],
  ["A=/x/y; sed s/a/b/ ./rel/path", "A=/state/root/x/y; sed s/a/b/ ./rel/path"],
  ["--config=/cfg/one.yaml", "--config=/state/copies/one.yaml"],
])("rewrites the paths in %s", (script, rewritten) => {
  expect(view.rewrite(script)).toBe(rewritten);
});

test.each([
  ["cat: /state/root/tmp/a: No such file", "cat: /tmp/a: No such file"],
  ["/state/volumes/cfg/a /state/volumes/cfg", "/cfg/a /cfg"],
  ["ls: '/state/copies/one.yaml'", "ls: '/cfg/one.yaml'"],
  ["/state/root", "/"],
  ["/state/rooted /usr/bin/env", "/state/rooted /usr/bin/env"],
])("tells %s as the container knows it", (printed, told) => {
  expect(view.toContainer(printed)).toBe(told);
});

test("tells the preload which mounts are read-only", () => {
  const table = JSON.parse(view.toVariable()) as string[][];
  expect(table).toContainEqual(["/cfg", "/state/volumes/cfg", "ro"]);
  expect(table).toContainEqual(["/", "/state/root"]);
});
