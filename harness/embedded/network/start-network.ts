import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { systemClock, type Clock } from "../../time/clock.ts";
import { createFolderElsewhere } from "../state/folder-elsewhere.ts";
import type { PodNetwork, PodSandbox } from "../pod-network.ts";
import { Control } from "./control.ts";
import { issueCredential } from "./credential.ts";
import { podVariables } from "./pod-environment.ts";
import { ProxyProcess } from "./proxy-process.ts";
import type { Reply, Request } from "./wire.ts";

export interface NetworkOptions {
  /** The cluster's own folder: holds the control socket. */
  readonly stateDir: string;
  /** How the node proxy reaches the API; it may begin to answer later. */
  readonly kubeconfigPath: string;
  readonly signal: AbortSignal;
  /** The shortest time between two updates of the Services' rules. @default 1000, as kube-proxy's minSyncPeriod */
  readonly endpointLagMs?: number;
  /** The address that ways in from outside are opened on. @default "127.0.0.1" */
  readonly outsideHost?: string | undefined;
  readonly clock?: Clock;
}

/** A running pod network. */
export interface StartedNetwork extends PodNetwork, AsyncDisposable {
  /** Ends the node proxy: the pods' open connections stay, new ones fail. Idempotent. */
  stop(): Promise<void>;
}

/** sun_path holds 104 bytes on macOS, 108 on Linux. */
const maxSocketPathBytes = 100;

/** Starts the node proxy and resolves when pods can join; Services follow as soon as the API answers. */
export async function startNetwork(options: NetworkOptions): Promise<StartedNetwork> {
  options.signal.throwIfAborted();
  const secret = randomBytes(32).toString("base64url");
  const { path, folder } = socketPathIn(options.stateDir);
  const proxy = new ProxyProcess(
    {
      socketPath: path,
      secret,
      kubeconfigPath: options.kubeconfigPath,
      endpointLagMs: options.endpointLagMs ?? 1_000,
      outsideHost: options.outsideHost,
    },
    options.clock ?? systemClock,
  );
  const network = new ProcessNetwork(path, secret, async () => {
    await proxy.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  options.signal.addEventListener("abort", () => void network.stop(), { once: true });
  try {
    await proxy.start();
  } catch (error) {
    await network.stop();
    throw error;
  }
  return network;
}

class ProcessNetwork implements StartedNetwork {
  readonly #path: string;
  readonly #secret: string;
  readonly #control: Control;
  readonly #end: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  constructor(path: string, secret: string, end: () => Promise<void>) {
    this.#path = path;
    this.#secret = secret;
    this.#end = end;
    this.#control = new Control({
      path,
      credential: issueCredential(secret, { kind: "node" }),
      connect: (socket, to) => void socket.connect(to),
    });
  }

  async addPod(sandbox: PodSandbox): Promise<void> {
    mustSucceed(await this.#keep(`pod ${sandbox.ip}`, { op: "addPod", sandbox }));
  }

  async removePod(ip: string): Promise<void> {
    this.#control.drop(`pod ${ip}`);
    this.#control.drop(`mesh ${ip}`);
    mustSucceed(await this.#ask({ op: "removePod", ip }));
  }

  environment(
    sandbox: PodSandbox,
    { proxy }: { readonly proxy: boolean },
  ): Readonly<Record<string, string>> {
    const { ip, uid } = sandbox;
    // Stays in force while the sidecar restarts: iptables' rules do not end with Envoy.
    if (proxy) void this.#keep(`mesh ${ip}`, { op: "markMeshed", ip });
    const credential = issueCredential(this.#secret, { kind: "pod", ip, uid, proxy });
    return podVariables(this.#path, sandbox, credential);
  }

  async connect(
    ip: string,
    port: number,
    { timeoutMs, loopback = false }: { readonly timeoutMs: number; readonly loopback?: boolean },
  ): Promise<net.Socket> {
    const reply = await this.#ask({ op: "connectToPod", ip, port, loopback });
    const [failure] = reply.failures ?? [];
    if (failure || !reply.target) throw connectFailure(failure?.code ?? "EINVAL", ip, port);
    return connectWithin(reply.target, timeoutMs, (code) => connectFailure(code, ip, port));
  }

  stop(): Promise<void> {
    this.#control.close();
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #ask(body: Request): Promise<Reply> {
    return new Promise((done) => this.#control.ask(body, done));
  }

  #keep(key: string, body: Request): Promise<Reply> {
    return new Promise((done) => this.#control.keep(key, body, done));
  }
}

function connectWithin(
  target: { readonly host: string; readonly port: number },
  timeoutMs: number,
  toError: (code: string) => Error,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: target.host, port: target.port, timeout: timeoutMs });
    const fail = (error: NodeJS.ErrnoException) => reject(toError(error.code ?? "ECONNREFUSED"));
    socket.once("error", fail);
    socket.once("timeout", () => {
      socket.destroy();
      reject(toError("ETIMEDOUT"));
    });
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

function connectFailure(code: string, address: string, port: number): Error {
  const error = new Error(`connect ${code} ${address}:${port}`);
  return Object.assign(error, { code, syscall: "connect", address, port });
}

function mustSucceed({ failures }: Reply): void {
  const [failure] = failures ?? [];
  if (failure) throw new Error(`the pod network answered ${failure.code}: ${failure.detail ?? ""}`);
}

/** A named pipe on Windows; elsewhere a socket in the cluster's folder, or where that is too deep, in one of its own. */
function socketPathIn(stateDir: string): { path: string; folder?: string } {
  if (process.platform === "win32")
    return { path: `\\\\.\\pipe\\kubelab-${randomBytes(16).toString("hex")}` };
  const path = join(stateDir, "network.sock");
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return { path };
  const folder = createFolderElsewhere(stateDir);
  return { path: join(folder, "network.sock"), folder };
}
