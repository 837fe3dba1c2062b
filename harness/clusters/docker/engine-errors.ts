import { LabError } from "../../errors/lab-error.ts";

/** Turns what an engine or a registry answered into one sentence with a way out; other errors pass as they are. */
export function explainEngineError(error: unknown, image: string): unknown {
  if (error instanceof LabError) return error;
  const text = textOf(error);
  const explained = explanations.find(({ pattern }) => pattern.test(text));
  if (!explained) return error;
  return new LabError(explained.code, explained.say(image, text), { cause: error });
}

/** The words of an error and of what caused it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` ${String(error.code)}` : "";
  return `${error.message}${code} ${error.cause === undefined ? "" : textOf(error.cause)}`;
}

/** The engine's last line, without what every one of them begins with. */
function lastLine(text: string): string {
  const lines = text.trim().split("\n");
  return (lines.at(-1) ?? "").replace(/^.*Error response from daemon: /, "").trim();
}

const explanations = [
  {
    pattern: /toomanyrequests|rate limit|\b429\b/i,
    code: "IMAGE_RATE_LIMITED",
    say: (image: string) =>
      `the registry refuses to serve ${image} for now: its rate limit is reached`,
  },
  {
    pattern: /no space left|disk quota exceeded/i,
    code: "DISK_FULL",
    say: () => "the Docker engine's disk is full",
  },
  {
    pattern: /port is already allocated|address already in use|ports are not available/i,
    code: "PORT_IN_USE",
    say: (_image: string, text: string) => {
      const port = /(?:listen \w+ |Bind for )(\S+?:\d+)/.exec(text)?.[1];
      return `a port the cluster needs is taken${port === undefined ? "" : `: ${port}`}`;
    },
  },
  {
    pattern: /permission denied.*docker.*sock|EACCES.*docker/i,
    code: "DOCKER_UNAVAILABLE",
    say: () => "the Docker engine's socket does not let this user in",
  },
  {
    pattern:
      /no such image|pull access denied|manifest unknown|manifest for .* not found|repository .* not found|failed to pull|no such host|dial tcp|i\/o timeout|TLS handshake|unauthorized/i,
    code: "IMAGE_UNAVAILABLE",
    say: (image: string, text: string) =>
      `image ${image} is not here and cannot be pulled: ${lastLine(text)}`,
  },
  {
    pattern:
      /ECONNREFUSED|ECONNRESET|socket hang up|ENOENT|cannot connect to the docker daemon|EPIPE/i,
    code: "DOCKER_UNAVAILABLE",
    say: () => "the Docker engine stopped answering",
  },
] as const;
