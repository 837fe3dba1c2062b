import type { Clock } from "../../../time/clock.ts";
import type { Exchange, Reply } from "../data-plane/exchange.ts";
import { headerValue } from "../data-plane/headers.ts";
import { localTime } from "../nginx/access-log.ts";
import { replyWithPage } from "../nginx/error-page.ts";
import { encodePath, normalize } from "../nginx/request-path.ts";
import { argsOf, hostOf, protocolOf } from "../nginx/variables.ts";
import { chooseBackend, type Draw } from "./canary.ts";
import { type Attempt, RequestForwarder } from "./forward-request.ts";
import { chooseHost, chooseLocation, rewrite } from "./locations.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Backend, LocationRule, Routing, VirtualHost } from "./routing.ts";

export interface IngressProxyOptions {
  readonly clock: Clock;
  /** Writes one line of the access log. */
  readonly access: (line: string) => void;
  /** Writes one line of the error log. */
  readonly error: (message: string) => void;
  /** Decides on canaries by weight. @default a random number */
  readonly draw?: Draw;
}

interface Outcome {
  readonly reply: Reply;
  readonly rule?: LocationRule;
  readonly backend?: Backend;
  readonly attempts?: readonly Attempt[];
}

const emptyRouting: Routing = { hosts: new Map(), backends: new Map(), problems: [] };

/** The data path: answers every request as the current routing says. */
export class IngressProxy {
  readonly #options: IngressProxyOptions;
  readonly #forwarder: RequestForwarder;
  readonly #turns = new RoundRobin();
  #routing = emptyRouting;

  constructor(options: IngressProxyOptions) {
    this.#options = options;
    this.#forwarder = new RequestForwarder(options.clock, options.error);
  }

  get routing(): Routing {
    return this.#routing;
  }

  /** From now on requests go by this; those in flight keep to what they began with. */
  use(routing: Routing, change: "reload" | "backends"): void {
    this.#routing = routing;
    if (change === "reload") this.#turns.reset();
  }

  close(): void {
    this.#forwarder.close();
  }

  /** `port` is what the client's side calls the port: 80 or 443. */
  async handle(exchange: Exchange, port: number): Promise<Reply> {
    const outcome = await this.#answer(exchange, port);
    const { reply, rule } = outcome;
    // more_clear_headers Server
    delete reply.headers["server"];
    if (exchange.scheme === "https" && rule)
      reply.headers["strict-transport-security"] = "max-age=31536000; includeSubDomains";
    if (rule?.settings.accessLog !== false)
      this.#options.access(accessLine(exchange, outcome, this.#options.clock.now()));
    return reply;
  }

  async #answer(exchange: Exchange, port: number): Promise<Outcome> {
    const uri = normalize(exchange.path);
    if (uri === undefined) return { reply: replyWithPage(400, "nginx") };
    const host = chooseHost(this.#routing, hostOf(exchange));
    const rule = host && chooseLocation(host, uri);
    if (!host || !rule) return { reply: replyWithPage(404, "nginx") };
    const redirect = redirectOf(host, rule, exchange, uri);
    if (redirect) return { reply: redirect, rule };
    if (!rule.backend) return { reply: replyWithPage(404, "nginx"), rule };
    const { backends } = this.#routing;
    const backend = chooseBackend(backends, rule.backend, exchange.headers, this.#options.draw);
    if (!backend) return { reply: replyWithPage(503, "nginx"), rule };
    const { settings } = rule;
    const path = pathFor(rule, exchange, uri);
    const next = () => this.#turns.next(backend);
    const forwarded = await this.#forwarder.forward({ exchange, path, port, settings, next });
    return { ...forwarded, rule, backend };
  }
}

/** In nginx's order: the server's, the location's own, and what Lua adds after both. */
function redirectOf(
  host: VirtualHost,
  { settings }: LocationRule,
  exchange: Exchange,
  uri: string,
): Reply | undefined {
  const { appRoot } = host.locations.find((one) => one.settings.appRoot !== "")?.settings ?? {};
  if (appRoot !== undefined && uri === "/")
    return redirectTo(302, `${exchange.scheme}://${exchange.authority}${appRoot}`);
  if (settings.temporalRedirect !== "")
    return redirectTo(settings.temporalRedirectCode, settings.temporalRedirect);
  if (settings.permanentRedirect !== "")
    return redirectTo(settings.permanentRedirectCode, settings.permanentRedirect);
  const toHttps = settings.forceSslRedirect || (settings.sslRedirect && host.certificate);
  if (!toHttps || exchange.scheme !== "http") return undefined;
  const path = settings.preserveTrailingSlash ? exchange.path : exchange.path.replace(/\/$/, "");
  return redirectTo(308, `https://${hostOf(exchange)}${path}`);
}

function redirectTo(status: number, location: string): Reply {
  return replyWithPage(status, "nginx", { location });
}

function pathFor(rule: LocationRule, exchange: Exchange, uri: string): string {
  const rewritten = rewrite(rule, uri);
  if (rewritten === uri) return exchange.path;
  const args = argsOf(exchange);
  const path = encodePath(rewritten.startsWith("/") ? rewritten : `/${rewritten}`);
  return args === "" ? path : `${path}?${args}`;
}

/** ingress-nginx's default log-format-upstream. */
function accessLine(exchange: Exchange, outcome: Outcome, nowMs: number): string {
  const { method, facts, downstream, headers } = exchange;
  const { reply, rule, backend, attempts = [] } = outcome;
  const header = (name: string): string => headerValue(headers, name) ?? "-";
  const each = (tell: (attempt: Attempt) => string): string => attempts.map(tell).join(", ") || "-";
  const alternative = backend && backend.name !== rule?.backend ? backend.name : "";
  return [
    `${downstream.remoteAddress} - - [${localTime(nowMs)}]`,
    `"${method} ${facts.originalPath} ${protocolOf(exchange)}"`,
    `${reply.status} ${headerValue(reply.headers, "content-length") ?? "-"}`,
    `"${header("referer")}" "${header("user-agent")}"`,
    `${header("content-length")} ${seconds(nowMs - facts.startedAtMs)}`,
    `[${rule?.backend ?? "upstream-default-backend"}] [${alternative}]`,
    each(({ endpoint }) => endpoint),
    each(({ status }) => String(status ?? 502)),
    each(({ ms }) => seconds(ms)),
    header("x-request-id"),
  ].join(" ");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
