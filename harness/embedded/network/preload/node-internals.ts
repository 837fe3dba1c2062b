import net from "node:net";

/** Parts of node:net that Node does not document but has kept for years; a test fails where one goes. */
export interface NetInternals {
  _normalizeArgs(args: readonly unknown[]): [Record<string, unknown>, (() => void) | null];
}

export interface SocketInternals {
  _handle: unknown;
  _parent?: net.Socket;
  _getpeername: (this: SocketInternals) => SocketName;
  _getsockname: (this: SocketInternals) => SocketName;
  _undestroy(): void;
  connecting: boolean;
}

export interface ServerInternals {
  _handle: { close(): void; getsockname(out: SocketName): number } | null;
  _listen2(
    address: string,
    port: number,
    type: 4,
    backlog: number,
    fd: undefined,
    flags: number,
  ): void;
}

export interface SocketName {
  address?: string;
  port?: number;
  family?: string;
}

export const netInternals = net as unknown as NetInternals;

/** Whether these are arguments that net has already put in order. */
export function normalize(
  args: readonly unknown[],
): [Record<string, unknown>, (() => void) | null] {
  const first = args[0];
  if (Array.isArray(first)) return first as never;
  return netInternals._normalizeArgs(args);
}

/** A method of Node's own, to be called with `call` or `apply` after it was replaced. */
export type Method<This> = (this: This, ...args: unknown[]) => unknown;

export function methodOf<This extends object>(holder: This, name: keyof This): Method<This> {
  return Reflect.get(holder, name) as Method<This>;
}
