import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { OutsideAddress } from "../clusters/cluster.ts";
import { LabError } from "../errors/lab-error.ts";

/** Containers that docker compose started together; disposing it removes them. */
export interface ComposeStack extends AsyncDisposable {
  /** Where a service's port is reached on this machine; it must be published. */
  at(service: string, port: number): Promise<OutsideAddress>;
}

export interface ComposeOptions {
  readonly file: string;
  /** Tells the containers of this run from those of any other. */
  readonly project: string;
  /** Variables that the file refers to. */
  readonly variables: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const base = "node:24-alpine";

/** Why docker compose cannot be used on this machine, in words; undefined where it can. */
export async function whyNoCompose(): Promise<string | undefined> {
  if (!(await works("docker", ["version", "--format", "{{.Server.Version}}"])))
    return "no Docker engine answers on this machine";
  if (!(await findCompose())) return "this machine has no docker compose";
  if (!(await works("docker", ["image", "inspect", base])))
    return `the image ${base}, which the apps are built on, is not here (docker pull ${base})`;
  return undefined;
}

/** Builds and starts what a compose file describes. */
export async function startCompose(options: ComposeOptions): Promise<ComposeStack> {
  const { file, project, variables, signal } = options;
  const [program, ...first] = (await findCompose()) ?? ["docker", "compose"];
  const run = async (args: readonly string[], until?: AbortSignal) => {
    try {
      const all = [...first, "--project-name", project, "--file", file, ...args];
      const done = await promisify(execFile)(program, all, {
        cwd: dirname(file),
        env: { ...process.env, ...variables },
        ...(until ? { signal: until } : {}),
      });
      return done.stdout.trim();
    } catch (error) {
      until?.throwIfAborted();
      const words = (error as { readonly stderr?: string }).stderr?.trim() ?? String(error);
      throw new LabError("LAB_STEP_FAILED", `docker compose ${args[0]}: ${lastLines(words)}`, {
        cause: error,
      });
    }
  };
  const down = async () => {
    await run(["down", "--volumes", "--timeout", "5"]);
  };
  try {
    await run(["up", "--detach", "--build"], signal);
  } catch (error) {
    await down().catch(() => undefined);
    throw error;
  }
  return {
    async at(service, port) {
      // 0.0.0.0:49153, or [::]:49153
      const published = (await run(["port", service, String(port)], signal)).split("\n")[0] ?? "";
      return { host: engineHost(), port: Number(published.slice(published.lastIndexOf(":") + 1)) };
    },
    [Symbol.asyncDispose]: down,
  };
}

/** `docker compose`, or the older program of its own. */
async function findCompose(): Promise<readonly [string, ...string[]] | undefined> {
  if (await works("docker", ["compose", "version"])) return ["docker", "compose"];
  if (await works("docker-compose", ["version"])) return ["docker-compose"];
  return undefined;
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  return promisify(execFile)(program, [...args], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** Published ports are on this machine unless the engine is another one's. */
function engineHost(): string {
  const engine = process.env["DOCKER_HOST"];
  return engine?.startsWith("tcp://") ? new URL(engine).hostname : "127.0.0.1";
}

function lastLines(text: string): string {
  return text.split("\n").slice(-5).join("\n");
}
