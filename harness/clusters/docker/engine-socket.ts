import { connect } from "node:net";

/** Why no engine was found, in words. */
export async function whyNoEngine(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const named = environment["DOCKER_HOST"];
  const path = named === undefined ? "/var/run/docker.sock" : named.replace(/^unix:\/\//, "");
  if (process.platform === "win32" || (named !== undefined && !named.startsWith("unix://")))
    return `no Docker engine answers${named ? ` at DOCKER_HOST=${named}` : " on this machine"}`;
  switch (await failureOf(path)) {
    case "EACCES":
    case "EPERM":
      return `the Docker engine's socket ${path} does not let this user in`;
    case undefined:
      return `what listens on ${path} does not answer as a Docker engine`;
    default:
      return named === undefined
        ? "no Docker engine answers on this machine"
        : `no Docker engine answers at DOCKER_HOST=${named}`;
  }
}

/** The error code of connecting; undefined where it succeeds. */
function failureOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
