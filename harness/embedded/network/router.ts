import type { Clock } from "../../time/clock.ts";
import { isLoopback, isPodAddress, isServiceAddress, nodeAddress } from "./addresses.ts";
import type { EndpointChoice } from "./endpoint-choice.ts";
import type { PodEntry, PodRegistry } from "./pod-registry.ts";
import type { Routes, ServicePort } from "./service-table.ts";
import type { Sidecars } from "./sidecars.ts";
import type { Reply } from "./wire.ts";

/** Who connects: a program of a pod, a pod's sidecar, or the node itself. */
export type Origin =
  | { readonly pod: PodEntry; readonly isProxy: boolean }
  | { readonly pod: undefined; readonly isProxy: false };

export interface RouterOptions {
  readonly clock: Clock;
  readonly pods: PodRegistry;
  readonly sidecars: Sidecars;
  readonly choice: EndpointChoice;
  readonly routes: () => Routes;
  /** Where the Service default/kubernetes leads. */
  readonly apiServer: { readonly host: string; readonly port: number };
}

/** Linux gives up on the ARP requests for a neighbour that is not there after three, a second apart. */
const neighbourTimeoutMs = 3_000;
/** A SYN without an answer is sent again after 1, 3, 7 … s; after six of them connect ends with ETIMEDOUT. */
const synRetriesMs = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000];

/** Decides where a connection on the cluster's network really goes. */
export class Router {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** `name` is what the program asked for, before DNS. `signal` ends the waiting for an address that nobody has. */
  async connect(
    origin: Origin,
    ip: string,
    port: number,
    name: string | undefined,
    signal: AbortSignal,
  ): Promise<Reply> {
    if (isLoopback(ip)) return origin.pod ? this.#toOwnLoopback(origin.pod, port) : refused(ip);
    const redirected = await this.#redirectOutbound(origin, ip, port, name);
    return redirected ?? this.#route(origin, ip, port, signal);
  }

  #toOwnLoopback(pod: PodEntry, port: number): Reply {
    const listener = pod.find(port, "loopback");
    if (!listener) return refused("127.0.0.1");
    return { target: { host: "127.0.0.1", port: listener.real, address: "127.0.0.1" } };
  }

  async #redirectOutbound(
    { pod, isProxy }: Origin,
    ip: string,
    port: number,
    name: string | undefined,
  ): Promise<Reply | undefined> {
    if (!pod?.meshed || isProxy || ip === pod.sandbox.ip) return undefined;
    const sidecar = this.#options.sidecars.get(pod.sandbox.ip);
    if (sidecar?.excludeOutboundPorts.has(port)) return undefined;
    return this.#toSidecar(pod, ip, { kind: "outbound", ip, port, name });
  }

  /** Undefined where the sidecar lets the connection pass. */
  async #toSidecar(
    pod: PodEntry,
    address: string,
    question: Parameters<Sidecars["ask"]>[1],
  ): Promise<Reply | undefined> {
    try {
      const real = await this.#options.sidecars.ask(pod.sandbox.ip, question);
      return real === undefined
        ? undefined
        : { target: { host: "127.0.0.1", port: real, address } };
    } catch {
      return refused(address);
    }
  }

  /** By the Services' rules, and where none applies, by the address itself. */
  async #route(origin: Origin, ip: string, port: number, signal: AbortSignal): Promise<Reply> {
    const service = this.#serviceAt(ip, port);
    if (service) return this.#toService(origin, service, ip, signal);
    if (isServiceAddress(ip)) return this.#untilProgrammed(origin, ip, port, signal);
    return this.#toAddress(origin, ip, port, ip, signal);
  }

  #serviceAt(ip: string, port: number): ServicePort | undefined {
    const { byAddress, byNodePort } = this.#options.routes();
    return ip === nodeAddress ? byNodePort.get(port) : byAddress.get(`${ip}:${port}`);
  }

  async #toService(
    origin: Origin,
    service: ServicePort,
    address: string,
    signal: AbortSignal,
  ): Promise<Reply> {
    const endpoint = this.#options.choice.choose(service, origin.pod?.sandbox.ip ?? nodeAddress);
    // iptables: REJECT where a Service has no endpoints.
    if (!endpoint) return refused(address);
    if (service.namespace === "default" && service.service === "kubernetes")
      return { target: { ...this.#options.apiServer, address } };
    if (isLoopback(endpoint.address))
      return { target: { host: endpoint.address, port: endpoint.port, address } };
    return this.#toAddress(origin, endpoint.address, endpoint.port, address, signal);
  }

  /** No rule for a ClusterIP yet, or never: packets are lost until kube-proxy has synced. */
  async #untilProgrammed(
    origin: Origin,
    ip: string,
    port: number,
    signal: AbortSignal,
  ): Promise<Reply> {
    for (const delayMs of synRetriesMs) {
      await this.#options.clock.sleep(delayMs, signal);
      const service = this.#serviceAt(ip, port);
      if (service) return this.#toService(origin, service, ip, signal);
    }
    return failed("ETIMEDOUT", ip);
  }

  /** `shown` is the address that the program believes in: the pod's own, or a Service's. */
  async #toAddress(
    origin: Origin,
    ip: string,
    port: number,
    shown: string,
    signal: AbortSignal,
  ): Promise<Reply> {
    if (ip === nodeAddress) return refused(shown);
    if (!isPodAddress(ip))
      return ip === shown ? { outside: ip } : { target: { host: ip, port, address: shown } };
    const pod = this.#options.pods.get(ip);
    if (!pod) {
      await this.#options.clock.sleep(neighbourTimeoutMs, signal);
      return failed("EHOSTUNREACH", shown);
    }
    const listener = pod.find(port, "pod");
    if (this.#isRedirectedInbound(origin, pod, port) && !listener?.isProxys) {
      const reply = await this.#toSidecar(pod, shown, { kind: "inbound", port });
      if (reply) return reply;
    }
    if (!listener) return refused(shown);
    return { target: { host: "127.0.0.1", port: listener.real, address: shown } };
  }

  /** The pod's own programs reach each other directly; its sidecar reaches, by the pod's address, itself. */
  #isRedirectedInbound(origin: Origin, pod: PodEntry, port: number): boolean {
    if (!pod.meshed || (origin.pod === pod && !origin.isProxy)) return false;
    return !this.#options.sidecars.get(pod.sandbox.ip)?.excludeInboundPorts.has(port);
  }

  /** The real port for the node's own connections: not by Services, not by the sidecar. */
  toPod(ip: string, port: number, loopback: boolean): Reply {
    const pod = this.#options.pods.get(ip);
    if (!pod) return failed("EHOSTUNREACH", ip);
    const listener = pod.find(port, loopback ? "loopback" : "pod");
    return listener
      ? { target: { host: "127.0.0.1", port: listener.real, address: ip } }
      : refused(ip);
  }

  /** Where a connection that came in by a Service's port from outside goes. */
  async fromOutside(service: ServicePort, signal: AbortSignal): Promise<Reply> {
    return this.#toService({ pod: undefined, isProxy: false }, service, nodeAddress, signal);
  }
}

const refused = (address: string): Reply => failed("ECONNREFUSED", address);

const failed = (code: string, address: string): Reply => ({ failures: [{ code, address }] });
