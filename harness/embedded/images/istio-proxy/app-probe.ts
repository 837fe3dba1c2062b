import { request as httpRequest } from "node:http";
import { connect } from "node:net";

/** An app's own probe, as the injector found it. */
export interface AppProbe {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number };
  readonly timeoutSeconds?: number;
}

/** Asks the app in the kubelet's place, from inside the pod; resolves with the status to pass on. */
export function probeApp(probe: AppProbe, podIp: string): Promise<number> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet) return getFromApp(probe.httpGet, podIp, timeout);
  return probe.tcpSocket ? connectToApp(probe.tcpSocket.port, timeout) : Promise.resolve(404);
}

function getFromApp(
  { port, path = "/", httpHeaders = [] }: NonNullable<AppProbe["httpGet"]>,
  podIp: string,
  timeout: number,
): Promise<number> {
  const given = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const headers = { host: `${podIp}:${port}`, ...given };
  return new Promise((resolve) => {
    // Loopback, because only that does not pass the proxy again.
    const asking = httpRequest({ host: "127.0.0.1", port, path, headers, timeout, agent: false });
    asking.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 500);
    });
    asking.on("timeout", () => asking.destroy(new Error("timeout")));
    asking.on("error", () => resolve(500));
    asking.end();
  });
}

function connectToApp(port: number, timeout: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout });
    const end = (status: number): void => {
      socket.destroy();
      resolve(status);
    };
    socket.on("connect", () => end(200));
    socket.on("timeout", () => end(500));
    socket.on("error", () => end(500));
  });
}
