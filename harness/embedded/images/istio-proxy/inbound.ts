import type { Server, Socket } from "node:net";
import type { Clock } from "../../../time/clock.ts";
import type { Downstream, Exchange, Reply } from "../data-plane/exchange.ts";
import { createForwarder } from "../data-plane/forward.ts";
import { Listener, type ListenerProtocol, type ListenerTls } from "../data-plane/listener.ts";
import { ListenerSet } from "../data-plane/listener-set.ts";
import { isGrpc, replyLocally } from "../data-plane/local-reply.ts";
import { ReplayBody } from "../data-plane/replay-body.ts";
import { compose, type Stage } from "../data-plane/stage.ts";
import { forwardTcp } from "../data-plane/tcp-forward.ts";
import { UpstreamError, type UpstreamPool } from "../data-plane/upstream.ts";
import type { MeshSnapshot } from "./routing/model.ts";
import { identifyStage } from "./stages/identify-request.ts";
import { toLocalReply } from "./stages/upstream-failure.ts";

export interface InboundOptions {
  readonly clock: Clock;
  /** This pod's address. */
  readonly podIp: string;
  readonly snapshot: () => MeshSnapshot;
  /** Stages in front of the app, for one of its ports. */
  readonly stages: (port: number) => readonly Stage[];
  /** Whether a connection that is not HTTP may go to the app. */
  readonly allowsConnection: (port: number, downstream: Downstream) => boolean;
  readonly onPlaintextRefused: (downstream: Downstream) => void;
  /** What TLS a port takes at this moment. */
  readonly tls: (port: number) => ListenerTls | undefined;
  /** Makes a listener's server reachable for connections to the pod's port. */
  readonly bind: (server: Server, port: number) => Promise<number>;
}

/** Istio retries what broke before the app saw it: twice, and not for gRPC. */
const attempts = 3;

/** The sidecar's inbound side: one listener for every port of the pod that others connect to. */
export class Inbound implements AsyncDisposable {
  readonly #options: InboundOptions;
  readonly #listeners = new ListenerSet<number>(String, (port) => this.#open(port));

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  /** The real port that stands for the pod's port; opened when first asked for. */
  portFor(port: number): Promise<number> {
    return this.#listeners.portFor(port);
  }

  stop(): Promise<void> {
    return this.#listeners.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #open(port: number): Promise<Listener> {
    const { clock, stages, bind, tls, allowsConnection, onPlaintextRefused } = this.#options;
    const pool = createForwarder({ clock, protocol: "downstream" });
    const identify = identifyStage({ server: "istio-envoy", isEdge: false });
    return Listener.open({
      clock,
      handler: compose([identify, ...stages(port)], (exchange) => toApp(exchange, port, pool)),
      protocol: () => this.#protocolOf(port),
      tcp: (socket, downstream) => {
        if (allowsConnection(port, downstream)) void tcpToApp(socket, port, clock);
        else socket.destroy();
      },
      onPlaintextRefused,
      tls: () => tls(port),
      bind: (server) => bind(server, port),
    });
  }

  /** As the Services that lead to this port declare it. */
  #protocolOf(port: number): ListenerProtocol {
    const { podIp, snapshot } = this.#options;
    for (const service of snapshot().services.values()) {
      for (const servicePort of service.ports) {
        const leadsHere = service.endpoints
          .get(servicePort.port)
          ?.some((endpoint) => endpoint.address === podIp && endpoint.port === port);
        if (leadsHere) return servicePort.protocol;
      }
    }
    return "sniff";
  }
}

async function toApp(exchange: Exchange, port: number, pool: UpstreamPool): Promise<Reply> {
  const { facts } = exchange;
  facts.routeName = "default";
  facts.cluster = `inbound|${port}||`;
  const body = exchange.body && new ReplayBody(exchange.body);
  const limit = isGrpc(exchange) ? 1 : attempts;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const sent = { ...exchange, body: body?.open() };
      const reply = await pool.send(sent, { address: "127.0.0.1", port }, exchange.signal);
      body?.release();
      facts.details = "via_upstream";
      return reply;
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind === "aborted") throw error;
      const isBeforeRequest = error.kind === "connect-failure";
      if (isBeforeRequest && attempt < limit && (body?.canReplay ?? true)) continue;
      if (isBeforeRequest && attempt > 1) facts.flags.add("URX");
      return replyLocally(exchange, toLocalReply(exchange, error, attempt > 1));
    }
  }
}

async function tcpToApp(socket: Socket, port: number, clock: Clock): Promise<void> {
  try {
    await forwardTcp(socket, { address: "127.0.0.1", port }, { clock });
  } catch {
    socket.resetAndDestroy();
  }
}
