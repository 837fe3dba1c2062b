import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
const preload = join(import.meta.dirname, "preload.ts");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-files-"));
  for (const name of ["config", "data", "image", "root/tmp"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "config/a"), "content of a");
  writeFileSync(join(folder, "image/module.mjs"), "export default 'a module';");
  writeFileSync(join(folder, "image/common.cjs"), "module.exports = 'a common module';");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs code with the container's mounts; returns what it gave to `say`, one JSON line each. */
function run(code: string): unknown[] {
  const mounts = [
    ["/etc/config", join(folder, "config"), "ro"],
    ["/data", join(folder, "data")],
    ["/image", join(folder, "image"), "ro"],
    ...["/usr", "/bin", "/lib", "/proc", "/dev", join(import.meta.dirname, "../../..")].map(
      (path) => [path, path],
    ),
    ["/", join(folder, "root")],
  ];
  const text = `import fs from "node:fs"; import fsp from "node:fs/promises";
    const say = (value) => console.log(JSON.stringify(value));
    const attempt = async (f) => { try { say(await f()); } catch ({ code, message, path }) { say({ code, message, path }); } };
    ${code}`;
  const output = execFileSync(
    process.execPath,
    ["--require", preload, "--input-type=module", "-e", text],
    {
      cwd: join(folder, "data"),
      encoding: "utf8",
      env: { PATH: process.env["PATH"], KUBELAB_MOUNTS: JSON.stringify(mounts) },
    },
  );
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

const missing = {
  code: "ENOENT",
  message: "ENOENT: no such file or directory, open '/etc/config/nosuch'",
  path: "/etc/config/nosuch",
};
const readOnly = (syscall: string, path = "/etc/config/a") => ({
  code: "EROFS",
  message: `EROFS: read-only file system, ${syscall} '${path}'`,
  path,
});

const cases: [string, unknown][] = [
  [`fs.readFileSync("/etc/config/a", "utf8")`, "content of a"],
  [`fsp.readFile("/etc/config/a", "utf8")`, "content of a"],
  [`fs.promises.readFile(new URL("file:///etc/config/a"), "utf8")`, "content of a"],
  [`fs.readFileSync(Buffer.from("/etc/config/a"), "utf8")`, "content of a"],
  [
    `new Promise((done, fail) => fs.readFile("/etc/config/a", "utf8", (e, t) => e ? fail(e) : done(t)))`,
    "content of a",
  ],
  [`fs.createReadStream("/etc/config/a").toArray().then((all) => all.join(""))`, "content of a"],
  [`fs.readFileSync("../etc/config/a", "utf8")`, "content of a"],
  [`fsp.open("/etc/config/a").then((file) => file.readFile("utf8"))`, "content of a"],
  [`fs.openAsBlob("/etc/config/a").then((blob) => blob.text())`, "content of a"],
  [`fs.existsSync("/etc/config/a")`, true],
  [`(await import("node:util")).promisify(fs.exists)("/etc/config/a")`, true],
  [`fs.existsSync("/etc/passwd")`, false],
  [`fs.readdirSync("/etc/config")`, ["a"]],
  [`fs.statSync("/etc/config/a").size`, 12],
  [`fs.realpathSync("/etc/config/a")`, "/etc/config/a"],
  [`fs.realpathSync.native("/etc/config/../config/a")`, "/etc/config/a"],
  [`fs.readFileSync("/etc/config/nosuch")`, missing],
  [`fsp.readFile("/etc/config/nosuch")`, missing],
  [`new Promise((done, fail) => fs.readFile("/etc/config/nosuch", fail))`, missing],
  [`fs.createReadStream("/etc/config/nosuch").toArray()`, missing],
  [`fs.writeFileSync("/etc/config/a", "x")`, readOnly("open")],
  [`fsp.appendFile("/etc/config/a", "x")`, readOnly("open")],
  [`fs.openSync("/etc/config/a", "r+")`, readOnly("open")],
  [`fs.unlinkSync("/etc/config/a")`, readOnly("unlink")],
  [`fsp.mkdir("/etc/config/new")`, readOnly("mkdir", "/etc/config/new")],
  [`fs.renameSync("/data", "/etc/config/b")`, { ...readOnly("rename", "/etc/config/b") }],
  [`fsp.mkdir("/etc/config", { recursive: true })`, undefined],
  [`fs.mkdtempSync("/tmp/x-").slice(0, 7)`, "/tmp/x-"],
  [`fsp.mkdir("/tmp/deep/er", { recursive: true })`, "/tmp/deep"],
  [`process.cwd()`, "/data"],
  [`(process.chdir("/tmp"), process.cwd())`, "/tmp"],
  [`import("/image/module.mjs").then((m) => m.default)`, "a module"],
  [
    `import("node:module").then((m) => m.createRequire("/image/x")("/image/common.cjs"))`,
    "a common module",
  ],
  [
    `(await import("node:child_process")).execFileSync(process.execPath, ["-p", "process.cwd()"], { cwd: "/data", env: {} }).toString().trim().endsWith("/data")`,
    true,
  ],
];

test("every way to name a file means the container's file", () => {
  const said = run(
    cases.map(([code]) => `await attempt(async () => (await (${code})) ?? null);`).join("\n"),
  );
  for (const [index, [code, expected]] of cases.entries())
    expect({ code, result: said[index] }).toEqual({ code, result: expected ?? null });
});

test("what is written lands in the container's folder", () => {
  run(`fs.writeFileSync("/data/out", "one"); fs.cpSync("/data/out", "/tmp/copy"); fs.renameSync("/tmp/copy", "/data/moved");
    const stream = fs.createWriteStream("/data/stream"); stream.end("two"); stream.on("close", () => say("done"));`);
  expect(readFileSync(join(folder, "data/moved"), "utf8")).toBe("one");
  expect(readFileSync(join(folder, "data/stream"), "utf8")).toBe("two");
});

test("a watched file tells its changes", () => {
  const said =
    run(`const watcher = fs.watch("/data", (_type, name) => { say(name); watcher.close(); });
    fs.writeFileSync("/data/watched", "x");`);
  expect(said).toEqual(["watched"]);
});
