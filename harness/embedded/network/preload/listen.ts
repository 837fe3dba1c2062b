import net from "node:net";
import { isLoopback } from "../addresses.ts";
import type { PodEnvironment } from "../pod-environment.ts";
import type { BindScope } from "../wire.ts";
import type { Control } from "../control.ts";
import { listenError } from "./errors.ts";
import { methodOf, normalize, type ServerInternals, type SocketName } from "./node-internals.ts";
import { hideListener, showListener } from "./views.ts";

type Options = Record<string, unknown>;
type PatchedServer = net.Server & ServerInternals & { _listeningId?: number };

interface Listening {
  readonly real: number;
  readonly address: string;
  readonly port: number;
}

const listening = new WeakMap<net.Server, Listening>();

/**
 * Makes listen(8081) open a real port of loopback and register it as the pod's 8081. `listening` comes when
 * the node proxy has the port, so that whoever is told of it can connect.
 */
export function installListen(pod: PodEnvironment, control: Control): void {
  const prototype = net.Server.prototype;
  const original = methodOf<net.Server>(prototype, "listen");
  const originalAddress = methodOf<net.Server>(prototype, "address");
  const originalClose = methodOf<net.Server>(prototype, "close");

  function listen(this: PatchedServer, ...args: unknown[]): net.Server {
    const [given, callback] = normalize(args);
    const port = podPortOf(args, given);
    if (this._handle || port === undefined) return original.apply(this, args) as net.Server;
    if (callback) this.once("listening", callback);
    closeOnAbort(this, given.signal);
    const host = typeof given.host === "string" ? given.host : "";
    const bind = bindScopeOf(host, pod);
    if (!bind) {
      const error = listenError("EADDRNOTAVAIL", host, port);
      process.nextTick(() => this.emit("error", error));
      return this;
    }
    register(this, { port, host, bind, shared: given.reusePort === true || isClusterWorker() });
    return this;
  }

  function register(
    server: PatchedServer,
    wanted: { port: number; host: string; bind: BindScope; shared: boolean },
  ): void {
    const real = openRealPort(server);
    if (real === undefined) return;
    const announce = holdListeningEvent(server);
    const { host, bind, shared } = wanted;
    const port = wanted.port || real;
    const address = addressOf(host, pod);
    listening.set(server, { real, address, port });
    showListener(real, { address: "", port, mapped: net.isIPv6(address) && bind === "any" });
    control.keep(`listen ${real}`, { op: "listen", port, real, bind, shared }, (reply) => {
      const isOpen = listening.get(server)?.real === real;
      if (!reply.failures && !isOpen) unregister(real);
      if (!reply.failures) return announce(isOpen ? undefined : null);
      const [failure] = reply.failures;
      const error = listenError(failure?.code ?? "EINVAL", address, port, failure?.detail);
      announce(isOpen ? error : null);
    });
  }

  function unregister(real: number): void {
    control.drop(`listen ${real}`);
    control.ask({ op: "unlisten", real }, () => {});
  }

  prototype.listen = listen as typeof prototype.listen;

  prototype.address = function (this: net.Server) {
    const { address, port } = listening.get(this) ?? {};
    if (address === undefined || port === undefined)
      return originalAddress.call(this) as net.AddressInfo;
    return { address, port, family: net.isIPv6(address) ? "IPv6" : "IPv4" };
  };

  prototype.close = function (this: net.Server, ...args: unknown[]) {
    const entry = listening.get(this);
    if (entry) {
      forget(this, entry.real);
      unregister(entry.real);
    }
    return originalClose.apply(this, args) as net.Server;
  };
}

/** Opens a real port of loopback at once, so that `address()` answers directly after `listen()`. */
export function openRealPort(server: net.Server): number | undefined {
  const internals = server as PatchedServer;
  internals._listeningId = (internals._listeningId ?? 0) + 1;
  internals._listen2("127.0.0.1", 0, 4, 0, undefined, 0);
  const name: SocketName = {};
  internals._handle?.getsockname(name);
  return name.port;
}

function forget(server: net.Server, real: number): void {
  listening.delete(server);
  hideListener(real);
}

/** Keeps Node's own `listening` back; the function it returns ends with that event, an error, or (null) nothing. */
function holdListeningEvent(server: PatchedServer): (error?: Error | null) => void {
  const owned = Object.getOwnPropertyDescriptor(server, "emit");
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = ((name: string | symbol, ...args: unknown[]) =>
    name === "listening" ? false : emit(name, ...args)) as typeof server.emit;
  return (error) => {
    if (owned) Object.defineProperty(server, "emit", owned);
    else delete (server as Partial<net.Server>).emit;
    if (error === undefined) server.emit("listening");
    if (!error) return;
    const entry = listening.get(server);
    if (entry) forget(server, entry.real);
    server._handle?.close();
    server._handle = null;
    server.emit("error", error);
  };
}

/** The port, or undefined where this is not a TCP port: a path, a handle, a wrong argument. */
function podPortOf(args: readonly unknown[], options: Options): number | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  if ("_handle" in options || "handle" in options || "fd" in options) return undefined;
  if (!isPlain(options)) return undefined;
  const isAnyPort = args.length === 0 || typeof args[0] === "function" || options.port === null;
  if (isAnyPort || ("port" in options && options.port === undefined)) return 0;
  if (typeof options.port !== "number" && typeof options.port !== "string") return undefined;
  const port = Number(options.port);
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535 && options.port !== "";
  return isPort ? port : undefined;
}

/** Native handles and bound sockets are objects with classes of their own. */
function isPlain(options: Options): boolean {
  const name = (options.constructor as { name?: string } | undefined)?.name;
  return name !== "TCP" && name !== "Pipe" && name !== "BoundSocket";
}

function bindScopeOf(host: string, pod: PodEnvironment): BindScope | undefined {
  if (host === "" || host === "::" || host === "0.0.0.0") return "any";
  if (isLoopback(host)) return "loopback";
  return host === pod.ip || host === pod.hostname ? "pod" : undefined;
}

function addressOf(host: string, pod: PodEnvironment): string {
  if (host === "") return "::";
  if (host === "localhost") return "127.0.0.1";
  return host === pod.hostname ? pod.ip : host;
}

function closeOnAbort(server: net.Server, signal: unknown): void {
  if (!(signal instanceof AbortSignal)) return;
  const close = () => server.close();
  if (signal.aborted) process.nextTick(close);
  else {
    signal.addEventListener("abort", close, { once: true });
    server.once("close", () => signal.removeEventListener("abort", close));
  }
}

/** Workers of node:cluster share their ports. */
function isClusterWorker(): boolean {
  if (process.send === undefined) return false;
  // What it returns is the module itself, without the `default` that the types promise.
  const cluster = process.getBuiltinModule("node:cluster") as unknown as { isWorker: boolean };
  return cluster.isWorker;
}
