import dgram from "node:dgram";
import net from "node:net";
import { isPodAddress, isServiceAddress } from "../addresses.ts";
import type { Control } from "../control.ts";
import { methodOf } from "./node-internals.ts";

/** Refuses what the pod network does not carry: UDP to the cluster's addresses, and ports of the pod's own. */
export function installDatagrams(control: Control): void {
  const prototype = dgram.Socket.prototype;
  const send = methodOf(prototype, "send");
  const bind = methodOf(prototype, "bind");
  const connect = methodOf(prototype, "connect");

  prototype.send = function (this: dgram.Socket, ...args: unknown[]) {
    const address = args.findLast((arg) => typeof arg === "string");
    const callback = args.at(-1);
    const target = args.length > 1 ? address : undefined;
    whereTo(control, target, (isCluster) => {
      const error = unsupported("send", String(target));
      if (!isCluster) send.apply(this, args);
      else if (typeof callback === "function") callback(error);
      else this.emit("error", error);
    });
  } as typeof prototype.send;

  prototype.connect = function (this: dgram.Socket, ...args: unknown[]) {
    const address = typeof args[1] === "string" ? args[1] : undefined;
    whereTo(control, address, (isCluster) => {
      if (isCluster) this.emit("error", unsupported("connect", String(address)));
      else connect.apply(this, args);
    });
  };

  prototype.bind = function (this: dgram.Socket, ...args: unknown[]) {
    const [first] = args;
    const port = typeof first === "object" && first ? (first as { port?: number }).port : first;
    if (typeof port !== "number" || port === 0) return bind.apply(this, args);
    process.nextTick(() => this.emit("error", unsupported("bind", `port ${port}`)));
    return this;
  } as typeof prototype.bind;
}

function whereTo(
  control: Control,
  address: string | undefined,
  done: (isCluster: boolean) => void,
): void {
  if (address === undefined) return done(false);
  if (net.isIP(address) !== 0) return done(isPodAddress(address) || isServiceAddress(address));
  control.ask({ op: "lookup", name: address }, (reply) => {
    const [found = ""] = reply.addresses ?? [];
    done(isPodAddress(found) || isServiceAddress(found));
  });
}

function unsupported(syscall: string, where: string): Error {
  const message = `${syscall} ENOTSUP ${where}: kubelab's pod network carries TCP only, not UDP`;
  return Object.assign(new Error(message), { code: "ENOTSUP", syscall });
}
