import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { PodSandbox } from "../pod-network.ts";
import { verifyCredential, type Identity } from "./credential.ts";
import { isLoopback } from "./addresses.ts";
import type { ClusterDns, Resolution } from "./cluster-dns.ts";
import type { PodEntry, PodRegistry } from "./pod-registry.ts";
import type { Router } from "./router.ts";
import type { Sidecars } from "./sidecars.ts";
import {
  receiveMessages,
  send,
  type Message,
  type Question,
  type Reply,
  type Request,
} from "./wire.ts";

export interface ControlServerOptions {
  readonly secret: string;
  readonly pods: PodRegistry;
  readonly sidecars: Sidecars;
  readonly dns: ClusterDns;
  readonly router: Router;
}

/** Listens on the control socket, open to this user only. */
export async function startControlServer(
  path: string,
  options: ControlServerOptions,
): Promise<Server> {
  const server = createServer((socket) => new ControlConnection(socket, options));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  if (process.platform !== "win32") chmodSync(path, 0o600);
  return server;
}

const done: Reply = {};

/** One process of a pod, or the cluster process. */
class ControlConnection {
  readonly #socket: Socket;
  readonly #options: ControlServerOptions;
  readonly #closed = new AbortController();
  readonly #questions = new Map<number, PromiseWithResolvers<number | undefined>>();
  #identity: Identity | undefined;
  #pod: PodEntry | undefined;
  #next = 1;

  constructor(socket: Socket, options: ControlServerOptions) {
    this.#socket = socket;
    this.#options = options;
    // A process that dies with the line open resets it; `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
    receiveMessages(socket, (message) => this.#receive(message));
  }

  #receive(message: Message): void {
    if ("request" in message) {
      if (this.#identity) void this.#serve(message.request, message.body);
      else this.#greet(message);
    } else if ("answer" in message) {
      const question = this.#questions.get(message.answer);
      this.#questions.delete(message.answer);
      if (message.failed) question?.reject(new Error("the sidecar refused"));
      else question?.resolve(message.real);
    }
  }

  #greet({ request, body }: Extract<Message, { request: number }>): void {
    const identity = body.op === "hello" ? verifyCredential(this.#options.secret, body) : undefined;
    if (!identity) return this.#reject("the credential is not of this cluster");
    if (identity.kind === "pod") {
      const pod = this.#options.pods.get(identity.ip);
      if (pod?.sandbox.uid !== identity.uid)
        return this.#reject(`the pod at ${identity.ip} is not on the network`);
      this.#pod = pod;
    }
    this.#identity = identity;
    send(this.#socket, { reply: request, body: done });
  }

  #reject(rejected: string): void {
    send(this.#socket, { rejected });
    this.#socket.end();
  }

  async #serve(id: number, body: Request): Promise<void> {
    let reply: Reply;
    try {
      reply = await (this.#pod ? this.#servePod(this.#pod, body) : this.#serveNode(body));
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      reply = { failures: [{ code: "EINVAL", detail: String(error) }] };
    }
    if (!this.#closed.signal.aborted) send(this.#socket, { reply: id, body: reply });
  }

  #servePod(pod: PodEntry, body: Request): Reply | Promise<Reply> {
    switch (body.op) {
      case "connect":
        return this.#connect(pod, body);
      case "lookup":
        return toReply(this.#options.dns.lookup(body.name, pod.sandbox));
      case "query":
        return toReply(this.#options.dns.query(body.name, body.type, pod.sandbox));
      case "listen":
        return this.#listen(pod, body);
      case "unlisten":
        pod.unlisten(this, body.real);
        return done;
      case "intercept":
      case "forget":
      case "release":
        return this.#serveSidecar(pod, body);
      case "hello":
      case "addPod":
      case "removePod":
      case "markMeshed":
      case "connectToPod":
        return forbidden(body.op);
      default:
        return body satisfies never;
    }
  }

  #listen(pod: PodEntry, body: Extract<Request, { op: "listen" }>): Reply {
    pod.unlisten(this, body.real);
    const { port, real, bind, shared } = body;
    const isProxys = this.#isProxy();
    const isOurs = pod.listen({ port, real, bind, shared, isProxys, owner: this });
    return isOurs ? done : { failures: [{ code: "EADDRINUSE" }] };
  }

  #serveSidecar(pod: PodEntry, body: Request): Reply {
    const { sidecars } = this.#options;
    const { ip } = pod.sandbox;
    if (!this.#isProxy()) return forbidden(body.op);
    if (body.op === "release") sidecars.remove(ip, this);
    else if (body.op === "forget") sidecars.forget(ip);
    else if (body.op === "intercept") {
      pod.meshed = true;
      sidecars.install(ip, {
        owner: this,
        excludeInboundPorts: new Set(body.excludeInboundPorts),
        excludeOutboundPorts: new Set(body.excludeOutboundPorts),
        ask: (question) => this.#ask(question),
      });
    }
    return done;
  }

  #isProxy(): boolean {
    return this.#identity?.kind === "pod" && this.#identity.proxy;
  }

  #ask(body: Question): Promise<number | undefined> {
    const id = this.#next++;
    const answer = Promise.withResolvers<number | undefined>();
    this.#questions.set(id, answer);
    send(this.#socket, { question: id, body });
    return answer.promise;
  }

  async #connect(pod: PodEntry, body: Extract<Request, { op: "connect" }>): Promise<Reply> {
    const { dns, router } = this.#options;
    const { signal } = this.#closed;
    const origin = { pod, isProxy: this.#isProxy() };
    const found = dns.lookup(body.host, pod.sandbox);
    if ("outside" in found) {
      // A sidecar decides about outside addresses as well, and Node alone can resolve this name.
      const askAgain = pod.meshed && !origin.isProxy;
      return askAgain ? { outside: found.outside, askAgain } : { outside: found.outside };
    }
    if (!("addresses" in found)) return toReply(withName(found, body.host));
    const isNamed = found.addresses[0] !== body.host && !isLoopback(body.host);
    const name = body.name ?? (isNamed ? body.host : undefined);
    let last: Reply = { failures: [{ code: "ENOTFOUND", address: body.host }] };
    const failures = [];
    for (const address of found.addresses) {
      last = await router.connect(origin, address, body.port, name, signal);
      if (!last.failures) return last;
      failures.push(...last.failures);
    }
    return failures.length > 0 ? { failures } : last;
  }

  #serveNode(body: Request): Reply {
    const { pods, router } = this.#options;
    if (body.op === "addPod") pods.add(body.sandbox as PodSandbox);
    else if (body.op === "removePod") pods.remove(body.ip);
    else if (body.op === "markMeshed") {
      const pod = pods.get(body.ip);
      if (pod) pod.meshed = true;
    } else if (body.op === "connectToPod") return router.toPod(body.ip, body.port, body.loopback);
    else return forbidden(body.op);
    return done;
  }

  /** The process is gone, and with it its listeners: its real ports are closed already. */
  #end(): void {
    this.#closed.abort(new Error("the process has gone"));
    for (const question of this.#questions.values())
      question.reject(new Error("the sidecar has gone"));
    this.#questions.clear();
    if (!this.#pod) return;
    this.#pod.unlisten(this);
    this.#options.sidecars.remove(this.#pod.sandbox.ip, this);
  }
}

function toReply(resolution: Resolution): Reply {
  return resolution;
}

function withName(resolution: Resolution, name: string): Resolution {
  if (!("failures" in resolution)) return resolution;
  return { failures: resolution.failures.map((failure) => ({ ...failure, address: name })) };
}

function forbidden(op: string): Reply {
  return { failures: [{ code: "EACCES", detail: `${op} is not for this process` }] };
}
