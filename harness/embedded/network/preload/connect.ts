import { AsyncResource } from "node:async_hooks";
import type { LookupFunction } from "node:net";
import net from "node:net";
import dns from "node:dns";
import { errorMonitor, type EventEmitter } from "node:events";
import { isLoopback, sidecarAddress, sourceAddressOf } from "../addresses.ts";
import type { PodEnvironment } from "../pod-environment.ts";
import type { Reply, Target } from "../wire.ts";
import type { Control } from "../control.ts";
import { connectErrors } from "./errors.ts";
import { methodOf, normalize, type SocketInternals } from "./node-internals.ts";
import { showClient } from "./views.ts";

type Options = Record<string, unknown>;
type PatchedSocket = net.Socket & SocketInternals;

interface Attempt {
  readonly socket: PatchedSocket;
  readonly options: Options;
  readonly host: string;
  readonly port: number;
}

/**
 * Makes net.Socket.prototype.connect ask the node proxy where a connection really has to go. Meanwhile the
 * socket is `connecting`, so that Node itself queues what is written and ended.
 */
export function installConnect(pod: PodEnvironment, control: Control): void {
  const original = methodOf<net.Socket>(net.Socket.prototype, "connect");
  const lookup = dns.lookup as unknown as LookupFunction;
  /** A socket that is connected again forgets the answer to its earlier attempt. */
  const attempts = new WeakMap<net.Socket, Attempt>();

  function connect(this: PatchedSocket, ...args: unknown[]): net.Socket {
    const [options, callback] = normalize(args);
    const port = Number(options.port);
    const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535 && options.port !== "";
    // Paths, wrong arguments and TLS over a socket that connects are Node's own business.
    if (options.path || !isPort || this._parent?.connecting)
      return original.apply(this, args) as net.Socket;
    if (callback) this.once("connect", callback);
    if (this.destroyed) this._undestroy();
    this.connecting = true;
    const host = typeof options.host === "string" && options.host ? options.host : "localhost";
    begin({ socket: this, options, host, port });
    return this;
  }

  function begin(attempt: Attempt): void {
    const { socket, options, host } = attempt;
    attempts.set(socket, attempt);
    const custom = options.lookup as LookupFunction | undefined;
    if (custom && custom !== (dns.lookup as unknown) && net.isIP(host) === 0) {
      resolveWith(custom, attempt);
      return;
    }
    ask(attempt, host, undefined);
  }

  function ask(attempt: Attempt, host: string, name: string | undefined): void {
    const { socket, port } = attempt;
    const done = AsyncResource.bind((reply: Reply) => {
      socket.off("close", giveUp);
      if (isCurrent(attempt)) settle(attempt, reply);
    });
    const giveUp = control.ask({ op: "connect", host, port, name }, done);
    // An address that nobody answers for is asked after for two minutes: not for a socket that is gone.
    socket.once("close", giveUp);
  }

  function isCurrent(attempt: Attempt): boolean {
    const { socket } = attempt;
    return attempts.get(socket) === attempt && socket.connecting && !socket.destroyed;
  }

  function settle(attempt: Attempt, reply: Reply): void {
    const { socket, host, port } = attempt;
    if (reply.failures) socket.destroy(connectErrors(reply.failures, port));
    else if (reply.target) go(attempt, reply.target);
    else if (reply.askAgain) resolveWith(lookup, { ...attempt, host: reply.outside ?? host });
    else goOutside(attempt, reply.outside ?? host);
  }

  function go(attempt: Attempt, target: Target): void {
    const { socket, options, host, port } = attempt;
    const toItself = isLoopback(target.address);
    const inCluster = target.host.startsWith("127.");
    const local = toItself ? "127.0.0.1" : pod.ip;
    if (inCluster) showClient(socket, local, target.address, port);
    if (net.isIP(host) === 0) socket.emit("lookup", null, target.address, 4, host);
    if (!socket.connecting) return;
    tellVirtualAddress(socket, target.address, port);
    callOriginal(socket, {
      ...options,
      host: target.host,
      port: target.port,
      family: undefined,
      lookup: undefined,
      localAddress: inCluster ? sourceFor(options.localAddress, toItself) : options.localAddress,
    });
  }

  function callOriginal(socket: PatchedSocket, options: Options): void {
    // Node makes a socket as new when it makes its handle, and would forget that the program ended it meanwhile.
    socket._undestroy = () => {};
    try {
      original.call(socket, options);
    } finally {
      delete (socket as Partial<PatchedSocket>)._undestroy;
    }
  }

  function sourceFor(chosen: unknown, toItself: boolean): string | undefined {
    if (!toItself) return sourceAddressOf(pod.ip, "asPod");
    return sourceAddressOf(pod.ip, chosen === sidecarAddress ? "asSidecar" : "toItself");
  }

  function goOutside({ socket, options }: Attempt, target: string): void {
    // Node's own lookup: the node proxy has just said that the name is not the cluster's.
    const localAddress = options.localAddress === pod.ip ? undefined : options.localAddress;
    callOriginal(socket, {
      ...options,
      host: target,
      localAddress,
      lookup: options.lookup ?? lookup,
    });
  }

  function resolveWith(resolver: LookupFunction, attempt: Attempt): void {
    const { socket, options, host, port } = attempt;
    const family = typeof options.family === "number" ? options.family : 0;
    const hints = typeof options.hints === "number" ? options.hints : 0;
    attempts.set(socket, attempt);
    resolver(host, { family, hints }, (error, found) => {
      if (!isCurrent(attempt)) return;
      const address = Array.isArray(found) ? found[0]?.address : found;
      if (error) socket.emit("lookup", error, undefined, undefined, host);
      if (error) socket.destroy(Object.assign(error, { host, port }));
      else if (address) ask(attempt, address, host);
    });
  }

  net.Socket.prototype.connect = connect;
}

/** A listener that closed since the answer is reported by the address that the program knows. */
function tellVirtualAddress(socket: EventEmitter, address: string, port: number): void {
  const reword = (raised: Error) => {
    const error = raised as NodeJS.ErrnoException & { address?: string; port?: number };
    if (error.syscall !== "connect" || error.address === undefined) return;
    error.message = `connect ${error.code} ${address}:${port}`;
    error.address = address;
    error.port = port;
  };
  socket.once(errorMonitor, reword);
  socket.once("connect", () => socket.off(errorMonitor, reword));
}
