import { createHash } from "node:crypto";
import { chmod, cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { $ } from "zx";

const project = fileURLToPath(new URL("../../../../", import.meta.url));
const here = "harness/clusters/docker/k3s-stand-in";
/** What the image holds of the project. */
const sources = [
  "harness/embedded",
  "harness/errors",
  "harness/time",
  "harness/addons/istio",
  here,
];
/** What the embedded cluster needs of npm, with what those need. */
const packages = ["rfc6902", "ws", "yaml"];

/** Builds the test double of the k3s image unless the engine has it; returns its name. */
export async function buildK3sStandIn(): Promise<string> {
  const files = await sourceFiles();
  const name = `kubelab/k3s-stand-in:${await contentHash(files)}`;
  const known = await $({ nothrow: true, quiet: true })`docker image inspect ${name}`;
  if (known.exitCode === 0) return name;
  const folder = await mkdtemp(join(tmpdir(), "kubelab-k3s-stand-in-"));
  try {
    await gather(files, folder);
    await $({ quiet: true, cwd: folder })`docker build --quiet --tag ${name} .`;
    return name;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sourceFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const source of sources)
    for await (const entry of glob(`${source}/**/*`, { cwd: project, withFileTypes: true }))
      if (entry.isFile() && !/\.test\.ts$|\.md$|build\.ts$/.test(entry.name))
        files.push(join(entry.parentPath, entry.name).slice(project.length));
  return files.toSorted();
}

async function contentHash(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [...files, "package-lock.json"])
    hash
      .update(file)
      .update("\0")
      .update(await readFile(join(project, file)));
  return hash.digest("hex").slice(0, 12);
}

/** A folder with what the Dockerfile copies, and the Dockerfile. */
async function gather(files: readonly string[], folder: string): Promise<void> {
  const kubelab = join(folder, "kubelab");
  const wanted = [...files, ...(await packageFolders())];
  for (const path of [...wanted, "package.json"])
    await cp(join(project, path), join(kubelab, path), { recursive: true });
  await mkdir(join(folder, "bin"));
  for (const program of ["k3s", "ctr"]) {
    const file = join(folder, "bin", program);
    await writeFile(file, `#!/bin/sh\nexec node /kubelab/${here}/${program}.ts "$@"\n`);
    await chmod(file, 0o755);
  }
  await cp(join(project, here, "printenv.sh"), join(folder, "bin", "printenv"));
  await chmod(join(folder, "bin", "printenv"), 0o755);
  await cp(join(project, here, "Dockerfile"), join(folder, "Dockerfile"));
}

/** node_modules/NAME of the packages and of everything they depend on. */
async function packageFolders(): Promise<string[]> {
  const found = new Set<string>();
  const waiting = [...packages];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const folder = join("node_modules", name);
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(
      await readFile(join(project, folder, "package.json"), "utf8"),
    ) as { dependencies?: Readonly<Record<string, string>> };
    waiting.push(...Object.keys(dependencies));
  }
  return [...found];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildK3sStandIn());
