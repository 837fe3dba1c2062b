import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { Container, HTTPGetAction, Probe } from "kubernetes-types/core/v1";
import type { PodNetwork } from "../pod-network.ts";
import { checkGrpcHealth } from "./grpc-health.ts";
import type { CommandResult } from "./container-command.ts";

/** What one probe found. */
export interface ProbeOutcome {
  readonly success: boolean;
  readonly message: string;
  /** Nobody listened. */
  readonly refused?: boolean;
  /** The probe itself could not be made: it counts neither way. */
  readonly errored?: boolean;
}

export interface ProbeTarget {
  readonly network: PodNetwork;
  readonly ip: string;
  readonly container: Container;
  /** Runs a command in the container; the signal is the probe's timeout. */
  readonly exec: (command: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
}

type Handler = Pick<Probe, "httpGet" | "tcpSocket" | "grpc" | "exec">;

/** Runs a probe's action once. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  try {
    return await act(probe, target);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { success: false, errored: true, message };
  }
}

async function act(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket, grpc, exec } = probe as Handler;
  if (httpGet) return probeHttp(httpGet, target, timeoutMs);
  if (tcpSocket) return probeTcp(portOf(tcpSocket.port, target.container), target, timeoutMs);
  if (grpc)
    return checkGrpcHealth({
      network: target.network,
      ip: target.ip,
      port: grpc.port,
      service: grpc.service ?? "",
      timeoutMs,
    });
  if (exec) return probeExec(exec.command ?? [], target, timeoutMs);
  return { success: true, message: "" };
}

/** The number of a port that may be given by its name. Throws what Go says of a name that no port has. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named !== undefined) return named;
  if (/^\d+$/.test(port)) return Number(port);
  throw new Error(`strconv.Atoi: parsing "${port}": invalid syntax`);
}

async function probeExec(
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { code, output } = await target.exec(command, signal);
    return { success: code === 0, message: output };
  } catch (error) {
    if (signal.aborted)
      return {
        success: false,
        message: `command timed out: "${command.join(" ")}" timed out after ${timeoutMs / 1000}s`,
      };
    throw error;
  }
}

async function probeTcp(
  port: number,
  { network, ip }: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  try {
    const socket = await network.connect(ip, port, { timeoutMs });
    socket.on("error", () => {});
    socket.destroy();
    return { success: true, message: "" };
  } catch (error) {
    return failedConnect(error, `${ip}:${port}`);
  }
}

function failedConnect(error: unknown, address: string): ProbeOutcome & { refused: boolean } {
  const { code = "" } = error as NodeJS.ErrnoException;
  const refused = code === "ECONNREFUSED";
  const why = refused
    ? "connect: connection refused"
    : code === "EHOSTUNREACH" || code === "ENETUNREACH"
      ? "connect: no route to host"
      : "i/o timeout";
  return { success: false, refused, message: `dial tcp ${address}: ${why}` };
}

async function probeHttp(
  action: HTTPGetAction,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const port = portOf(action.port, target.container);
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const url = `${scheme}://${target.ip}:${port}${path}`;
  let socket: Socket;
  try {
    socket = await target.network.connect(target.ip, port, { timeoutMs });
  } catch (error) {
    const failed = failedConnect(error, `${target.ip}:${port}`);
    const timedOut = failed.message.endsWith("i/o timeout");
    return timedOut
      ? { success: false, message: `Get "${url}": ${deadline}` }
      : { ...failed, message: `Get "${url}": ${failed.message}` };
  }
  try {
    const status = await get(socket, action, path, `${target.ip}:${port}`, timeoutMs);
    const success = status >= 200 && status < 400;
    return { success, message: success ? "" : `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { success: false, message: `Get "${url}": ${toGoError(error)}` };
  } finally {
    socket.destroy();
  }
}

const deadline = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

function get(
  raw: Socket,
  action: HTTPGetAction,
  path: string,
  host: string,
  timeoutMs: number,
): Promise<number> {
  const socket =
    action.scheme === "HTTPS" ? tlsConnect({ socket: raw, rejectUnauthorized: false }) : raw;
  const headers: Record<string, string> = {
    Host: host,
    "User-Agent": "kube-probe/1.36",
    Accept: "*/*",
    Connection: "close",
  };
  for (const { name, value } of action.httpHeaders ?? []) setHeader(headers, name, value);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { path, headers, createConnection: () => socket, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        response.on("error", () => {}).resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on("error", reject).end();
  });
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
