import type { Container, Probe } from "kubernetes-types/core/v1";
import { checkGrpcHealth } from "./grpc-health.ts";
import { probeHttp } from "./probe-http.ts";
import { failedConnect, type ProbeOutcome, type ProbeTarget } from "./probe-outcome.ts";

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
  if (httpGet) {
    const port = portOf(httpGet.port, target.container);
    return probeHttp(httpGet, port, target, timeoutMs);
  }
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
