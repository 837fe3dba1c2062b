import type { Socket } from "node:net";

/** Which of a pod's addresses a listener is bound to. */
export type BindScope = "any" | "loopback" | "pod";

/** A connection error or a lookup error, as the asking process has to raise it. */
export interface Failure {
  /** ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT, ENOTFOUND, EADDRINUSE ... */
  readonly code: string;
  /** The address that was tried, where one was. */
  readonly address?: string;
  readonly detail?: string;
}

/** Where a connection really has to go. */
export interface Target {
  /** A real address: 127.0.0.1 for everything that runs in the cluster. */
  readonly host: string;
  readonly port: number;
  /** The address that the program believes it is connected to. */
  readonly address: string;
}

/** A service record as DNS answers it. */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What a process asks of the node proxy. */
export type Request =
  | { op: "hello"; identity: string; mac: string }
  | { op: "listen"; port: number; real: number; bind: BindScope; shared: boolean }
  | { op: "unlisten"; real: number }
  | { op: "connect"; host: string; port: number; name?: string | undefined }
  | { op: "lookup"; name: string }
  | { op: "query"; name: string; type: string }
  | { op: "intercept"; excludeInboundPorts: number[]; excludeOutboundPorts: number[] }
  | { op: "forget" }
  | { op: "release" }
  | { op: "addPod"; sandbox: object }
  | { op: "removePod"; ip: string }
  | { op: "markMeshed"; ip: string }
  | { op: "connectToPod"; ip: string; port: number; loopback: boolean };

/** The node proxy's answer: one of the fields, or none where there is nothing to say. */
export interface Reply {
  readonly failures?: readonly Failure[];
  readonly target?: Target;
  readonly addresses?: readonly string[];
  readonly records?: readonly ServiceRecord[];
  /** Not a matter of the cluster: the machine resolves this name, or connects to this address, itself. */
  readonly outside?: string;
  /** With `outside`: resolve the name and ask again with the address, because a sidecar decides. */
  readonly askAgain?: boolean;
}

/** What the node proxy asks of a sidecar. */
export type Question =
  | { kind: "outbound"; ip: string; port: number; name?: string | undefined }
  | { kind: "inbound"; port: number };

/** One line on a control connection. */
export type Message =
  | { request: number; body: Request }
  | { reply: number; body: Reply }
  | { question: number; body: Question }
  | { answer: number; real?: number | undefined; failed?: boolean }
  | { rejected: string };

/** Writes one message. */
export function send(socket: Socket, message: Message): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `receive` for each message that arrives; a line that is no JSON ends the connection. */
export function receiveMessages(socket: Socket, receive: (message: Message) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      let message: Message;
      try {
        message = JSON.parse(line) as Message;
      } catch (error) {
        socket.destroy(new Error("a control message is not JSON", { cause: error }));
        return;
      }
      receive(message);
    }
  });
}
