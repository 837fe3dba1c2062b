import { connect, constants, type ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { PodNetwork } from "../pod-network.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";

export interface GrpcHealthOptions {
  readonly network: PodNetwork;
  readonly ip: string;
  readonly port: number;
  readonly service: string;
  readonly timeoutMs: number;
}

const servingStatus = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** Asks grpc.health.v1.Health/Check, which is small enough to speak without a gRPC library. */
export async function checkGrpcHealth(options: GrpcHealthOptions): Promise<ProbeOutcome> {
  const { network, ip, port, timeoutMs } = options;
  const timeout = `timeout: failed to connect service "${ip}:${port}" within ${timeoutMs / 1000}s: context deadline exceeded`;
  let socket: Socket;
  try {
    socket = await network.connect(ip, port, { timeoutMs });
  } catch (error) {
    const refused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
    return { success: false, refused, message: timeout };
  }
  const session = connect(`http://${ip}:${port}`, { createConnection: () => socket });
  session.on("error", () => {});
  try {
    const { grpcStatus, grpcMessage, body } = await check(session, options);
    if (grpcStatus === 12)
      return failure(
        `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${grpcMessage}`,
      );
    if (grpcStatus !== 0)
      return failure(
        `error: health rpc failed: rpc error: code = ${codeName(grpcStatus)} desc = ${grpcMessage}`,
      );
    const status = servingStatus[body[5] === 8 ? (body[6] ?? 0) : 0] ?? "UNKNOWN";
    if (status === "SERVING") return { success: true, message: "" };
    return failure(`service unhealthy (responded with "${status}")`);
  } catch {
    return failure(timeout);
  } finally {
    session.destroy();
    socket.destroy();
  }
}

interface Answer {
  readonly grpcStatus: number;
  readonly grpcMessage: string;
  readonly body: Buffer;
}

function check(
  session: ClientHttp2Session,
  { ip, port, service, timeoutMs }: GrpcHealthOptions,
): Promise<Answer> {
  const { HTTP2_HEADER_METHOD: method, HTTP2_HEADER_PATH: path } = constants;
  const stream = session.request(
    {
      [method]: "POST",
      [path]: "/grpc.health.v1.Health/Check",
      ":authority": `${ip}:${port}`,
      "content-type": "application/grpc",
      "user-agent": "kube-probe/1.36",
      te: "trailers",
    },
    { signal: AbortSignal.timeout(timeoutMs) },
  );
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([10, name.length]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([frame, message]));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const state = { grpcStatus: 2, grpcMessage: "" };
    const read = (headers: Record<string, unknown>): void => {
      if (headers["grpc-status"] === undefined) return;
      state.grpcStatus = Number(headers["grpc-status"]);
      const text = headers["grpc-message"];
      state.grpcMessage = typeof text === "string" ? decodeURIComponent(text) : "";
    };
    stream.on("response", read).on("trailers", read);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ ...state, body: Buffer.concat(chunks) }));
    stream.on("error", reject);
  });
}

function failure(message: string): ProbeOutcome {
  return { success: false, message };
}

function codeName(code: number): string {
  const names = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
  ];
  return names[code] ?? String(code);
}
