import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { LabError } from "../harness/errors/lab-error.ts";
import { allPages, labPagesFolder } from "../harness/pages/all-pages.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run pages                write docs/ from the labs and the catalogue of errors
npm run pages -- --check     write nothing; fail where a page is not what would be written

  --help    this text`;

const root = join(import.meta.dirname, "..");

await runCommand(usage, async () => {
  mustNotBeNpms("pages", ["check"]);
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const pages = await allPages();
  const gone = await pagesWithoutLab(pages);
  if (values.check) return mustBeCurrent(pages, gone);
  for (const [path, text] of pages) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const path of gone) await rm(join(root, path));
  console.log(`${pages.size} pages written, ${gone.length} removed`);
});

async function mustBeCurrent(
  pages: ReadonlyMap<string, string>,
  gone: readonly string[],
): Promise<void> {
  const stale = [...gone];
  for (const [path, text] of pages) if ((await readPage(path)) !== text) stale.push(path);
  if (stale.length > 0)
    throw new LabError("PAGES_STALE", `not what the labs say: ${stale.join(", ")}`, {
      facts: { received: stale },
    });
  console.log(`${pages.size} pages are current`);
}

/** Pages of labs that no longer are. */
async function pagesWithoutLab(pages: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const folders = Object.values(labPagesFolder);
  const listed = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(root, folder)).catch(() => []);
      return names.map((name) => `${folder}/${name}`);
    }),
  );
  return listed.flat().filter((path) => !pages.has(path));
}

async function readPage(path: string): Promise<string | undefined> {
  return readFile(join(root, path), "utf8").catch(() => undefined);
}
