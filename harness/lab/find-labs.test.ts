import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { loadLab } from "./find-labs.ts";

const folder = mkdtempSync(join(tmpdir(), "labs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const engine = pathToFileURL(join(import.meta.dirname, "../index.ts")).href;

test.each([
  ["no-lab", "export const x = 1;\n", /no-lab\/lab\.ts describes no lab "no-lab"/],
  [
    "other-name",
    `import { lab } from "${engine}";\nlab("another", { tutorial: "none", shows: "a test" }, ({ step }) => step("A", async () => {}));\n`,
    /other-name\/lab\.ts describes no lab "other-name": its name must be its folder's/,
  ],
  [
    "throws",
    'const word = "boom";\n\nthrow new TypeError(word);\n',
    /throws\/lab\.ts:3: TypeError: boom/,
  ],
  ["syntax", "export const word = ;\n", /syntax\/lab\.ts.*: \w*Error: /],
])("a lab file that is wrong (%s) is refused with its place", async (name, text, message) => {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "lab.ts"), text);
  await expect(loadLab(name, folder)).rejects.toMatchObject({
    code: "LAB_INVALID",
    message: expect.stringMatching(message),
  });
});

test("an unknown lab comes with the names that are near", async () => {
  await expect(loadLab("thows", folder)).rejects.toMatchObject({
    code: "LAB_UNKNOWN",
    message: 'there is no lab "thows"; did you mean throws?',
  });
});
