import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mustBeWritable, writeReports } from "./report-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kubelab-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("looking whether a report can be written leaves no file, and an older one as it is", () => {
  const old = join(folder, "old.json");
  writeFileSync(old, "before");
  mustBeWritable("--json", old);
  mustBeWritable("--json", join(folder, "new.json"));
  expect(readdirSync(folder)).toEqual(["old.json"]);
  expect(readFileSync(old, "utf8")).toBe("before");
});

test.runIf(process.platform === "linux")("a file that cannot be made is refused at once", () => {
  expect(() => mustBeWritable("--json", "/proc/run.json")).toThrow(
    expect.objectContaining({
      code: "LAB_USAGE",
      message: "--json /proc/run.json cannot be written: ENOENT",
    }),
  );
});

test.runIf(process.platform === "linux")(
  "where the disk is full it is said for which file, and the other reports are written",
  async () => {
    const other = join(folder, "run.xml");
    const reports = [
      { option: "--json", file: "/dev/full", text: "{}" },
      { option: "--junit", file: other, text: "<x/>" },
    ];
    await expect(writeReports(reports)).rejects.toMatchObject({
      code: "DISK_FULL",
      message: "there is no space left on the disk for /dev/full",
    });
    expect(readFileSync(other, "utf8")).toBe("<x/>");
  },
);
