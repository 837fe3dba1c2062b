import type { IncomingMessage } from "node:http";
import { type Duplex, PassThrough, type Writable } from "node:stream";
import type { ObjectKey } from "../../client.ts";
import type { NodeAgent } from "../../node-agent.ts";
import { badRequest } from "../errors/api-errors.ts";
import { runSession } from "./exec-session.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";
import type { StreamRequest } from "./stream-request.ts";

/** What newer kubectl asks for: SPDY for port-forward, carried in a WebSocket. */
export const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";

const execProtocol = "v4.channel.k8s.io";
const forwardProtocol = "portforward.k8s.io";

/** What a stream is for, known before the connection is taken over. */
export type StreamPurpose =
  | { readonly kind: "session"; readonly request: StreamRequest }
  | { readonly kind: "forward"; readonly pod: ObjectKey };

/** Whether the client wants to speak SPDY. */
export function isSpdyUpgrade({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? "").toLowerCase() === "spdy/3.1";
}

/** Answers the upgrade; throws 400 where no common protocol is offered. */
export function answerSpdyUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  purpose: StreamPurpose,
): void {
  const wanted = purpose.kind === "session" ? execProtocol : forwardProtocol;
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/,\s*/);
  if (!offered.includes(wanted)) {
    throw badRequest(
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server supports [${wanted}]`,
    );
  }
  const head = [
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    `X-Stream-Protocol-Version: ${wanted}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
}

/** Serves the streams that the client opens on the connection. */
export function serveSpdy(
  socket: Duplex,
  head: Buffer,
  agent: NodeAgent,
  purpose: StreamPurpose,
): void {
  if (purpose.kind === "session") serveSession(socket, head, agent, purpose.request);
  else serveForward(socket, head, agent, purpose.pod);
}

function serveSession(
  socket: Duplex,
  head: Buffer,
  agent: NodeAgent,
  request: StreamRequest,
): void {
  const wanted = new Set(["error"]);
  if (request.stdin) wanted.add("stdin");
  if (request.stdout) wanted.add("stdout");
  if (request.stderr && !request.tty) wanted.add("stderr");
  if (request.tty) wanted.add("resize");
  const streams = new Map<string, SpdyStream>();
  const connection = new SpdyConnection(socket, head, (stream) => {
    streams.set(stream.headers.get("streamtype") ?? "", stream);
    if (streams.size < wanted.size || ![...wanted].every((type) => streams.has(type))) return;
    const output = (type: string): Writable => streams.get(type)?.output ?? nowhere();
    void runSession(agent, request, {
      stdin: streams.get("stdin")?.input,
      stdout: output("stdout"),
      stderr: output("stderr"),
      signal: connection.signal,
      end(status) {
        output("error").end(JSON.stringify(status));
        for (const { output: open } of streams.values()) open.end();
        connection.close();
      },
    });
  });
}

/** Streams come in pairs by request id: one for errors, then one for data. */
function serveForward(socket: Duplex, head: Buffer, agent: NodeAgent, pod: ObjectKey): void {
  const errors = new Map<string, Writable>();
  const connection = new SpdyConnection(socket, head, (stream) => {
    const id = stream.headers.get("requestid") ?? "";
    if (stream.headers.get("streamtype") === "error") {
      errors.set(id, stream.output);
      return;
    }
    const error = errors.get(id) ?? nowhere();
    errors.delete(id);
    const port = Number(stream.headers.get("port"));
    void forward(agent, pod, port, stream, error, connection.signal);
  });
}

async function forward(
  agent: NodeAgent,
  pod: ObjectKey,
  port: number,
  stream: SpdyStream,
  errors: Writable,
  signal: AbortSignal,
): Promise<void> {
  try {
    const target = await agent.connect(pod, port, signal);
    target.on("error", (error) => errors.end(error.message));
    target.on("close", () => {
      stream.output.end();
      errors.end();
    });
    signal.addEventListener("abort", () => target.destroy());
    stream.input.pipe(target);
    target.pipe(stream.output);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    errors.end(`error forwarding port ${port} to pod ${pod.name}: ${why}`);
    stream.output.end();
  }
}

function nowhere(): Writable {
  return new PassThrough().resume();
}
