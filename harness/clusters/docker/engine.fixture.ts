import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { LabError } from "../../errors/lab-error.ts";
import { systemClock } from "../../time/clock.ts";
import { findEngine, type Engine } from "./engine.ts";

/** The engine, or the reason why tests that need one are skipped. */
export async function engineOrReason(): Promise<
  | { readonly engine: Engine; readonly reason?: never }
  | { readonly engine?: never; readonly reason: string }
> {
  try {
    return { engine: await findEngine() };
  } catch (error) {
    if (error instanceof LabError) return { reason: error.message };
    throw error;
  }
}

/** The containers that a process of the labs started, with the volumes that belong to each. */
export async function containersOf(
  engine: Engine,
  pid: number | undefined,
): Promise<readonly { readonly id: string; readonly volumes: readonly string[] }[]> {
  const all = await engine.api.listContainers({
    all: true,
    filters: { label: ["dev.kubelab.owner"] },
  });
  const own = all.filter(({ Labels }) => {
    const owner = JSON.parse(Labels["dev.kubelab.owner"] ?? "{}") as { pid?: number };
    return owner.pid === pid;
  });
  return own.map(({ Id, Mounts }) => ({ id: Id, volumes: volumesOf(Mounts) }));
}

function volumesOf(
  mounts: readonly { readonly Type?: string; readonly Name?: string }[],
): string[] {
  return mounts.flatMap(({ Type, Name }) =>
    Type === "volume" && Name !== undefined ? [Name] : [],
  );
}

/** What is still there of containers that should be gone: their names and their volumes' names. */
export async function remains(
  engine: Engine,
  containers: Awaited<ReturnType<typeof containersOf>>,
): Promise<readonly string[]> {
  const left = await engine.api.listContainers({ all: true });
  const { Volumes } = await engine.api.listVolumes();
  const there = new Set([...left.map(({ Id }) => Id), ...(Volumes ?? []).map(({ Name }) => Name)]);
  return containers
    .flatMap(({ id, volumes }) => [id, ...volumes])
    .filter((name) => there.has(name));
}

const labScript = fileURLToPath(new URL("../../../scripts/lab.ts", import.meta.url));

/** `npm run lab` as a process, with what it prints. */
export class LabCommand {
  readonly #child;
  readonly ended: Promise<number | null>;
  output = "";

  constructor(
    args: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string | undefined>>;
      readonly uid?: number;
    } = {},
  ) {
    this.#child = spawn(process.execPath, [labScript, ...args], {
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.#child, "close").then(([code]) => code as number | null);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has printed this; rejects where it ends before. */
  async printed(wanted: RegExp): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    while (!wanted.test(this.output)) {
      if (over) throw new Error(`it ended before it printed ${wanted}:\n${this.output}`);
      await systemClock.sleep(20);
    }
  }
}
