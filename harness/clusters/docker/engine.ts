import { getContainerRuntimeClient } from "testcontainers";
import { LabError } from "../../errors/lab-error.ts";

/** A Docker engine (or one that speaks its API) that answered. */
export interface Engine {
  /** The host by which published ports are reached: "localhost" for most, else the engine's machine. */
  readonly host: string;
  readonly name: string;
  readonly cgroupVersion: "1" | "2";
  readonly memoryBytes: number;
  readonly client: Awaited<ReturnType<typeof getContainerRuntimeClient>>;
}

/** The engine that testcontainers would use. Fails with DOCKER_UNAVAILABLE, saying why. */
export async function findEngine(): Promise<Engine> {
  let client: Engine["client"];
  try {
    client = await getContainerRuntimeClient();
  } catch (error) {
    throw new LabError("DOCKER_UNAVAILABLE", whyUnavailable(error), { cause: error });
  }
  const info = (await client.container.dockerode.info()) as { readonly CgroupVersion?: string };
  const runtime = client.info.containerRuntime;
  return {
    host: runtime.host,
    name: `${runtime.operatingSystem}, engine ${runtime.serverVersion}`,
    cgroupVersion: info.CgroupVersion === "1" ? "1" : "2",
    memoryBytes: runtime.memory,
    client,
  };
}

function whyUnavailable(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  if (/EACCES|permission denied/i.test(text))
    return "the Docker engine's socket does not let this user in";
  return "no Docker engine answers on this machine";
}

/** Turns what the engine answered into one sentence with a way out; other errors pass as they are. */
export function explainEngineError(error: unknown, image: string): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const explained = explanations.find(({ pattern }) => pattern.test(text));
  if (!explained) return error;
  return new LabError(explained.code, explained.say(image, text), { cause: error });
}

const explanations = [
  {
    pattern: /toomanyrequests|rate limit|429/i,
    code: "IMAGE_RATE_LIMITED",
    say: (image: string) =>
      `the registry refuses to serve ${image} for now: its rate limit is reached`,
  },
  {
    pattern: /no space left|disk quota/i,
    code: "DISK_FULL",
    say: () => "the Docker engine's disk is full",
  },
  {
    pattern: /port is already allocated|address already in use/i,
    code: "PORT_IN_USE",
    say: (_image: string, text: string) =>
      `a port the cluster needs is taken: ${/\S*:\d+/.exec(text)?.[0] ?? text}`,
  },
  {
    pattern:
      /no such image|not found|pull access denied|manifest unknown|failed to pull|lookup .* no such host|dial tcp/i,
    code: "IMAGE_UNAVAILABLE",
    say: (image: string) => `image ${image} is not here and cannot be pulled`,
  },
  {
    pattern: /ECONNREFUSED|ECONNRESET|socket hang up|ENOENT.*docker\.sock/i,
    code: "DOCKER_UNAVAILABLE",
    say: () => "the Docker engine stopped answering",
  },
] as const;
