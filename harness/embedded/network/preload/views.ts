import net from "node:net";
import { peerOf } from "../addresses.ts";
import { methodOf, type SocketInternals, type SocketName } from "./node-internals.ts";

/** How a listener looks from inside the pod. */
export interface ListenerView {
  readonly address: string;
  readonly port: number;
  /** An IPv6 listener sees IPv4 peers as ::ffff:10.244.0.5. */
  readonly mapped: boolean;
}

type GetName = SocketInternals["_getpeername"];

interface ClientView {
  readonly local: string | undefined;
  readonly remote: SocketName;
}

const clients = new WeakMap<object, ClientView>();
const listeners = new Map<number, ListenerView>();

/** Makes `socket` say that it goes from `local` to `address:port`, whatever it is really connected to. */
export function showClient(
  socket: object,
  local: string | undefined,
  address: string,
  port: number,
): void {
  clients.set(socket, { local, remote: named(address, port, false) });
}

export function showListener(realPort: number, view: ListenerView): void {
  listeners.set(realPort, view);
}

export function hideListener(realPort: number): void {
  listeners.delete(realPort);
}

/** Gives sockets the addresses that they have on the pod network. */
export function installViews(podIp: string): void {
  const prototype = net.Socket.prototype as unknown as SocketInternals;
  const peerName = methodOf(prototype, "_getpeername") as GetName;
  const sockName = methodOf(prototype, "_getsockname") as GetName;

  prototype._getpeername = function (this: SocketInternals) {
    const real = peerName.call(this);
    if (real.address === undefined) return real;
    const client = clientOf(this);
    if (client) return client.remote;
    const view = listeners.get(sockName.call(this).port ?? 0);
    return view ? named(peerOf(real.address).address, real.port, view.mapped) : real;
  };

  prototype._getsockname = function (this: SocketInternals) {
    const real = sockName.call(this);
    if (real.address === undefined) return real;
    const client = clientOf(this);
    if (client) return client.local ? named(client.local, real.port, false) : real;
    const view = listeners.get(real.port ?? 0);
    if (!view) return real;
    const loopback = peerOf(peerName.call(this).address ?? "").loopback;
    const address = view.address || (loopback ? "127.0.0.1" : podIp);
    return named(address, view.port, view.mapped);
  };
}

/** A TLS socket over another one is connected to where that one is. */
function clientOf(socket: SocketInternals): ClientView | undefined {
  return clients.get(socket) ?? (socket._parent && clients.get(socket._parent));
}

function named(address: string, port: number | undefined, mapped: boolean): SocketName {
  const name: SocketName = mapped
    ? { address: `::ffff:${address}`, family: "IPv6" }
    : { address, family: net.isIPv6(address) ? "IPv6" : "IPv4" };
  if (port !== undefined) name.port = port;
  return name;
}
