import { readFile, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { freemem, tmpdir } from "node:os";
import { no, ok, warn, type Check, type Finding } from "./check.ts";

const gibibyte = 1024 ** 3;

/** What the embedded cluster needs of this machine. */
export const machineChecks: readonly Check[] = [
  { name: "Node.js", neededBy: "embedded", look: async () => nodeVersion(process.versions.node) },
  { name: "memory", neededBy: "embedded", look: freeMemory },
  { name: "disk", neededBy: "embedded", look: freeDisk },
  { name: "ports", neededBy: "embedded", look: loopback },
  { name: "proxies", neededBy: "embedded", look: async () => proxies(process.env) },
];

/** The labs are TypeScript that Node itself runs. */
export function nodeVersion(version: string): Finding {
  return Number.parseInt(version, 10) >= 24
    ? ok(`v${version}`)
    : no(`v${version}`, "run through npm (npm run …), which brings Node 24");
}

async function freeMemory(): Promise<Finding> {
  return memory(await availableBytes());
}

/** A lab of the mesh has some ten processes of about 60 MB. */
export function memory(bytes: number): Finding {
  const found = `${(bytes / gibibyte).toFixed(1)} GiB available`;
  if (bytes < gibibyte) return no(found, "close other programs: a lab needs about 1 GiB");
  return bytes < 2 * gibibyte ? warn(found, "run one lab at a time") : ok(found);
}

/** Linux counts what it can take back from caches as available; os.freemem does not everywhere. */
async function availableBytes(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kibibytes = /^MemAvailable:\s+(\d+)/m.exec(text)?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
}

async function freeDisk(): Promise<Finding> {
  const { bavail, bsize } = await statfs(tmpdir());
  return disk(bavail * bsize, tmpdir());
}

/** An embedded cluster writes little; what k3s and its images take is the engine's. */
export function disk(bytes: number, folder: string): Finding {
  const found = `${(bytes / gibibyte).toFixed(1)} GiB free in ${folder}`;
  if (bytes < 0.1 * gibibyte)
    return no(found, "free some space, or set TMPDIR to a disk that has it");
  return bytes < 4 * gibibyte ? warn(found, "k3s needs about 4 GiB for its images") : ok(found);
}

async function loopback(): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) =>
      resolve(
        no(
          `cannot listen on 127.0.0.1: ${error.message}`,
          "allow programs to listen on the loopback address",
        ),
      ),
    );
    server.listen(0, "127.0.0.1", () =>
      server.close(() => resolve(ok("127.0.0.1 can be listened on"))),
    );
  });
}

/** A proxy that also takes loopback traffic breaks kubectl and every client of the cluster. */
export function proxies(environment: Readonly<Record<string, string | undefined>>): Finding {
  const proxy = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
  ].find((name) => environment[name]);
  if (proxy === undefined) return ok("none set");
  const exceptions = (environment["NO_PROXY"] ?? environment["no_proxy"] ?? "").split(",");
  if (exceptions.some((exception) => ["127.0.0.1", "127.0.0.0/8", "*"].includes(exception.trim())))
    return ok(`${proxy} is set and spares 127.0.0.1`);
  return warn(`${proxy} is set and takes 127.0.0.1 too`, "export NO_PROXY=localhost,127.0.0.1");
}
