import { getContainerRuntimeClient } from "testcontainers";
import { $ } from "zx";
import { LabError } from "../../errors/lab-error.ts";
import { whyNoEngine } from "./engine-socket.ts";

type Client = Awaited<ReturnType<typeof getContainerRuntimeClient>>;

/** A Docker engine (or one that speaks its API) that answered. */
export interface Engine {
  /** The host by which published ports are reached: "localhost" for most, else the engine's machine. */
  readonly host: string;
  readonly name: string;
  readonly cgroupVersion: "1" | "2";
  readonly memoryBytes: number;
  readonly api: Client["container"]["dockerode"];
  /** Runs the docker command against this very engine. Never rejects for its exit code. */
  docker(args: readonly string[], options?: DockerOptions): Promise<DockerResult>;
}

export interface DockerOptions {
  /** @default this process' */
  readonly cwd?: string;
  /** Kills the command. */
  readonly signal?: AbortSignal;
}

export interface DockerResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The engine that testcontainers would use. Fails with DOCKER_UNAVAILABLE, saying why. */
export async function findEngine(): Promise<Engine> {
  let client: Client;
  try {
    client = await getContainerRuntimeClient();
  } catch (error) {
    throw new LabError("DOCKER_UNAVAILABLE", await whyNoEngine(), { cause: error });
  }
  const api = client.container.dockerode;
  const address = addressOf(api);
  mustBeTheOneNamed(address);
  const info = (await api.info()) as { readonly CgroupVersion?: string };
  const runtime = client.info.containerRuntime;
  return {
    host: runtime.host,
    name: `${runtime.operatingSystem}, engine ${runtime.serverVersion}`,
    cgroupVersion: info.CgroupVersion === "1" ? "1" : "2",
    memoryBytes: runtime.memory,
    api,
    docker: (args, options) => runDocker(address, args, options),
  };
}

/** Where testcontainers' client connects to, as DOCKER_HOST spells it. */
function addressOf({ modem }: Engine["api"]): string {
  const { socketPath, host, port, protocol } = modem as unknown as Readonly<
    Record<string, string | number | undefined>
  >;
  if (socketPath === undefined)
    return `${protocol === "https" ? "tcp" : (protocol ?? "tcp")}://${host}:${port}`;
  return String(socketPath).startsWith("//") ? `npipe://${socketPath}` : `unix://${socketPath}`;
}

/** testcontainers goes on to the usual sockets where DOCKER_HOST does not answer: not what was asked for. */
function mustBeTheOneNamed(address: string): void {
  const named = process.env["DOCKER_HOST"];
  if (!named?.startsWith("unix://") || named === address) return;
  throw new LabError("DOCKER_UNAVAILABLE", `no Docker engine answers at DOCKER_HOST=${named}`);
}

async function runDocker(
  address: string,
  args: readonly string[],
  { cwd, signal }: DockerOptions = {},
): Promise<DockerResult> {
  const env = address.startsWith("http") ? process.env : { ...process.env, DOCKER_HOST: address };
  const options = {
    nothrow: true,
    quiet: true,
    env,
    ...(cwd ? { cwd } : {}),
    ...(signal ? { signal } : {}),
  };
  const { exitCode, stdout, stderr } = await $(options)`docker ${args}`;
  signal?.throwIfAborted();
  if (exitCode === 127 || /command not found|ENOENT/.test(stderr.split("\n")[0] ?? ""))
    throw new LabError("DOCKER_UNAVAILABLE", "the engine answers, but there is no docker command", {
      advice: "Install Docker's command line: images are built and loaded with it.",
    });
  return { exitCode: exitCode ?? 1, stdout, stderr };
}
