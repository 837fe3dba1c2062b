import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pod } from "kubernetes-types/core/v1";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { NodeAgent } from "../../node-agent.ts";
import { StatusError } from "../../status-error.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { badRequest, noSuchResource, notFound } from "../errors/api-errors.ts";
import { attributesOf, parseResourcePath, type ResourcePath } from "../http/resource-path.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { channelProtocols } from "./channel-socket.ts";
import {
  answerSpdyUpgrade,
  isSpdyUpgrade,
  serveSpdy,
  type StreamPurpose,
  tunnelProtocol,
} from "./spdy-sessions.ts";
import { parseStreamRequest } from "./stream-request.ts";
import { execOverChannels, forwardOverChannels } from "./websocket-sessions.ts";

/** What streaming needs of the server. */
export interface PodStreamsParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly store: ObjectStore;
  readonly agent: () => NodeAgent | undefined;
}

/** Takes over connections for pods/exec, attach and portforward: WebSocket, or SPDY for older kubectl. */
export class PodStreams {
  readonly #parts: PodStreamsParts;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      [...channelProtocols, tunnelProtocol].find((protocol) => offered.has(protocol)) ?? false,
  });

  constructor(parts: PodStreamsParts) {
    this.#parts = parts;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    try {
      this.#accept(request, socket, head);
    } catch (error) {
      refuse(socket, error);
    }
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? "/", "https://kubernetes");
    const path = parseResourcePath(url.pathname);
    const user = this.#parts.authenticator.authenticate(request);
    if (!path) throw noSuchResource();
    this.#parts.authorizer.mustAllow(user, attributesOf("create", path));
    const agent = this.#parts.agent();
    if (!agent) throw new StatusError(503, "ServiceUnavailable", "the node has no kubelet yet", {});
    const purpose = this.#purposeOf(path, url.searchParams);
    if (isSpdyUpgrade(request)) {
      answerSpdyUpgrade(request, socket, purpose);
      return serveSpdy(socket, head, agent, purpose);
    }
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
    const supported: readonly string[] = [...channelProtocols, tunnelProtocol];
    if (!offered.some((one) => supported.includes(one))) {
      throw badRequest(`none of the offered protocols is supported: ${supported.join(", ")}`);
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (webSocket.protocol === tunnelProtocol) {
        serveSpdy(createWebSocketStream(webSocket), Buffer.alloc(0), agent, purpose);
      } else if (purpose.kind === "session") execOverChannels(agent, purpose.request, webSocket);
      else {
        const ports = url.searchParams
          .getAll("ports")
          .flatMap((list) => list.split(",").map(Number));
        forwardOverChannels(agent, purpose.pod, ports, webSocket);
      }
    });
  }

  #purposeOf(path: ResourcePath, query: URLSearchParams): StreamPurpose {
    const { namespace, name = "", subresource } = path;
    const resource = { group: "", plural: "pods", kind: "Pod" };
    if (path.group !== "" || path.plural !== "pods") throw noSuchResource();
    const pod = this.#parts.store.get("pods", { namespace, name }) as Pod | undefined;
    if (!pod) throw notFound(resource, name);
    if (!pod.spec?.nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
    if (subresource === "portforward") return { kind: "forward", pod: { namespace, name } };
    if (subresource !== "exec" && subresource !== "attach") throw noSuchResource();
    const { phase } = pod.status ?? {};
    if (phase === "Succeeded" || phase === "Failed") {
      throw badRequest(
        `cannot exec into a container in a completed pod; current phase is ${phase}`,
      );
    }
    return { kind: "session", request: parseStreamRequest(subresource, pod, query) };
  }
}

/** Answers on a connection that was to be taken over and will not be. */
function refuse(socket: Duplex, error: unknown): void {
  const status =
    error instanceof StatusError
      ? error
      : new StatusError(500, "InternalError", error instanceof Error ? error.message : "", {});
  const body = JSON.stringify(status.toStatus());
  const head = [
    `HTTP/1.1 ${status.code} ${status.reason}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
