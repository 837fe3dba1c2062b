import { PassThrough, type Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { ObjectKey } from "../../client.ts";
import type { NodeAgent } from "../../node-agent.ts";
import { ChannelSocket } from "./channel-socket.ts";
import { runSession } from "./exec-session.ts";
import type { StreamRequest } from "./stream-request.ts";

const stdinChannel = 0;
const stdoutChannel = 1;
const stderrChannel = 2;
const errorChannel = 3;

/** Exec and attach over WebSocket channels. */
export function execOverChannels(
  agent: NodeAgent,
  request: StreamRequest,
  socket: WebSocket,
): void {
  const channels = new ChannelSocket(socket);
  const output = (wanted: boolean, channel: number): Writable =>
    wanted ? channels.output(channel) : nowhere();
  void runSession(agent, request, {
    stdin: request.stdin ? channels.input(stdinChannel) : undefined,
    stdout: output(request.stdout, stdoutChannel),
    stderr: output(request.stderr, stderrChannel),
    signal: channels.signal,
    end: (status) => channels.end(errorChannel, JSON.stringify(status)),
  });
}

/** Port-forward over WebSocket channels: two for each port, data and errors, as client libraries use it. */
export function forwardOverChannels(
  agent: NodeAgent,
  pod: ObjectKey,
  ports: readonly number[],
  socket: WebSocket,
): void {
  const channels = new ChannelSocket(socket);
  for (const [index, port] of ports.entries()) {
    const input = channels.input(2 * index);
    const output = channels.output(2 * index);
    const errors = channels.output(2 * index + 1);
    const greeting = Buffer.from([port & 0xff, port >> 8]);
    output.write(greeting);
    errors.write(greeting);
    const failed = (error: unknown): void => {
      const why = error instanceof Error ? error.message : String(error);
      errors.write(why, () => channels.close());
    };
    agent
      .connect(pod, port, channels.signal)
      .then((connection) => {
        input.pipe(connection).pipe(output);
        connection.on("error", failed);
        connection.on("close", () => channels.close());
        channels.signal.addEventListener("abort", () => connection.destroy());
        return connection;
      })
      .catch(failed);
  }
}

function nowhere(): Writable {
  return new PassThrough().resume();
}
