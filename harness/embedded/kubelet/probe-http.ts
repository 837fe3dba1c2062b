import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { HTTPGetAction } from "kubernetes-types/core/v1";
import { failedConnect, type ProbeOutcome, type ProbeTarget } from "./probe-outcome.ts";

/** One request of a probe. */
interface ProbeRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly target: ProbeTarget;
  readonly deadlineMs: number;
}

interface ProbeAnswer {
  readonly status: number;
  /** Where it sends the probe on. */
  readonly location: string | undefined;
  /** The first 10 KiB. */
  readonly body: string;
}

const maxBodyBytes = 10 * 1024;
const maxRequests = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const bodyDeadline =
  "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
const deadline = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

/**
 * An HTTP probe: redirects are followed as long as they stay on the pod's address; elsewhere they end it, with a
 * warning. https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/probe/http/http.go
 */
export async function probeHttp(
  action: HTTPGetAction,
  port: number,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const headers: Record<string, string> = {
    "User-Agent": "kube-probe/1.36",
    Accept: "*/*",
    Connection: "close",
  };
  for (const { name, value } of action.httpHeaders ?? []) setHeader(headers, name, value);
  const deadlineMs = performance.now() + timeoutMs;
  // The port is named even where it is the scheme's own.
  let shown = `${scheme}://${target.ip}:${port}${path}`;
  let url = new URL(shown);
  for (let made = 1; ; made += 1) {
    const answer = await send({ url, headers, target, deadlineMs }, shown);
    if ("success" in answer) return answer;
    const { status, location, body } = answer;
    const next =
      redirects.has(status) && location !== undefined ? URL.parse(location, url.href) : undefined;
    if (next === null) {
      const message = `failed to parse Location header "${location}"`;
      return { success: false, message: `Get "${shown}": ${message}` };
    }
    if (next === undefined || next.hostname !== url.hostname) return judge(status, body);
    if (made === maxRequests)
      return { success: false, message: `Get "${shownUrl(next)}": stopped after 10 redirects` };
    url = next;
    shown = shownUrl(next);
  }
}

function judge(status: number, body: string): ProbeOutcome {
  if (status < 200 || status >= 400)
    return { success: false, message: `HTTP probe failed with statuscode: ${status}` };
  if (status < 300) return { success: true, message: "" };
  return {
    success: true,
    message: "",
    warning: `Probe terminated redirects, Response body: ${body}`,
  };
}

async function send(request: ProbeRequest, shown: string): Promise<ProbeAnswer | ProbeOutcome> {
  const { url, target, deadlineMs } = request;
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  let socket: Socket;
  try {
    socket = await target.network.connect(target.ip, port, { timeoutMs: leftMs(deadlineMs) });
  } catch (error) {
    const failed = failedConnect(error, `${target.ip}:${port}`);
    const timedOut = failed.message.endsWith("i/o timeout");
    return timedOut
      ? { success: false, message: `Get "${shown}": ${deadline}` }
      : { ...failed, message: `Get "${shown}": ${failed.message}` };
  }
  try {
    return await get(request, socket, `${target.ip}:${port}`);
  } catch (error) {
    return { success: false, message: `Get "${shown}": ${toGoError(error)}` };
  } finally {
    socket.destroy();
  }
}

function get(
  { url, headers, deadlineMs }: ProbeRequest,
  raw: Socket,
  host: string,
): Promise<ProbeAnswer | ProbeOutcome> {
  const socket =
    url.protocol === "https:" ? tlsConnect({ socket: raw, rejectUnauthorized: false }) : raw;
  const all: Record<string, string> = { Host: host };
  for (const [name, value] of Object.entries(headers)) setHeader(all, name, value);
  const signal = AbortSignal.timeout(leftMs(deadlineMs));
  return new Promise((resolve, reject) => {
    // What fails once the head is there leaves the probe without a result.
    let unfinished = false;
    const fail = (error: Error): void => {
      if (!unfinished) return reject(error);
      const message = signal.aborted ? bodyDeadline : "unexpected EOF";
      resolve({ success: false, errored: true, message });
    };
    const request = httpRequest(
      {
        path: `${url.pathname}${url.search}`,
        headers: all,
        createConnection: () => socket,
        signal,
      },
      (response) => {
        unfinished = true;
        const { statusCode: status = 0, headers: received } = response;
        const chunks: Buffer[] = [];
        let bytes = 0;
        const finish = (): void => {
          const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8");
          resolve({ status, location: received.location, body });
        };
        response
          .on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            bytes += chunk.length;
            if (bytes >= maxBodyBytes) finish();
          })
          .on("end", finish)
          .on("error", fail);
      },
    );
    request.on("error", fail).end();
  });
}

function leftMs(deadlineMs: number): number {
  return Math.max(1, Math.ceil(deadlineMs - performance.now()));
}

function shownUrl({ protocol, host, pathname, search }: URL): string {
  return `${protocol}//${host}${pathname}${search}`;
}

function setHeader(headers: Record<string, string>, name: string, value: string): void {
  const existing = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase());
  if (existing) delete headers[existing];
  if (value !== "") headers[name] = value;
}

function toGoError(error: unknown): string {
  const { code = "", name, message } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError" || name === "AbortError" || code === "ABORT_ERR") return deadline;
  if (code === "ECONNRESET")
    return message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  if (message.includes("wrong version number"))
    return "http: server gave HTTP response to HTTPS client";
  return message;
}
