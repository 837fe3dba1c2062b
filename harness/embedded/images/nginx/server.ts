import type { Clock } from "../../../time/clock.ts";
import type { Exchange, HeaderMap, Reply } from "../data-plane/exchange.ts";
import { bindTo, Listener } from "../data-plane/listener.ts";
import type { UpstreamPool } from "../data-plane/upstream.ts";
import { accessLine } from "./access-log.ts";
import type { Config, Location, Return, ServerBlock, Settings } from "./config.ts";
import { replyWithPage, replyWithText } from "./error-page.ts";
import { absolute, createPool, proxy } from "./proxy.ts";
import { normalize } from "./request-path.ts";
import { chooseLocation, chooseServer } from "./route.ts";
import { serveFile } from "./static-file.ts";
import { Upstream } from "./upstream.ts";
import { hostOf, type RequestView } from "./variables.ts";

export interface NginxOptions {
  readonly clock: Clock;
  /** "nginx/1.27.5" */
  readonly name: string;
  /** Writes one line of the access log. */
  readonly access: (line: string) => void;
  /** Writes one line of the error log. */
  readonly error: (line: string) => void;
  /** Opens this port in place of the configured one; for tests. */
  readonly mapPort?: (port: number) => number;
}

/** nginx as its configuration says. */
export class Nginx implements AsyncDisposable {
  readonly #options: NginxOptions;
  readonly #config: Config;
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #pools = new Map<number, UpstreamPool>();
  readonly #listeners = new Map<number, Listener>();

  private constructor(
    config: Config,
    upstreams: ReadonlyMap<string, Upstream>,
    options: NginxOptions,
  ) {
    this.#config = config;
    this.#upstreams = upstreams;
    this.#options = options;
  }

  /** Resolves all upstreams' names and opens all ports; rejects with nginx's message where one fails. */
  static async start(config: Config, options: NginxOptions): Promise<Nginx> {
    const nginx = new Nginx(config, await resolveAll(config, options.clock), options);
    const ports = config.servers.flatMap(({ listens }) => listens.map(({ port }) => port));
    for (const port of new Set(ports)) await nginx.#listen(port);
    return nginx;
  }

  /** The port that is really open for a configured one. */
  portOf(port: number): number | undefined {
    return this.#listeners.get(port)?.port;
  }

  /** Takes no new connections and answers what is in flight. */
  drain(): void {
    for (const listener of this.#listeners.values()) listener.drain();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stop()));
    for (const pool of this.#pools.values()) pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(port: number): Promise<void> {
    const { clock, mapPort } = this.#options;
    const listener = await Listener.open({
      clock,
      bind: bindTo(mapPort ? mapPort(port) : port),
      protocol: () => "http",
      tcp: (socket) => void socket.destroy(),
      handler: (exchange) => this.#handle(exchange, port),
    });
    this.#listeners.set(port, listener);
  }

  async #handle(exchange: Exchange, port: number): Promise<Reply> {
    const { name, access, clock } = this.#options;
    const server = chooseServer(this.#config.servers, port, hostOf(exchange));
    const uri = normalize(exchange.path);
    const view: RequestView = {
      exchange,
      uri: uri ?? "",
      serverName: server?.names[0] ?? "",
      serverPort: port,
      proxyHost: "",
      captures: [],
    };
    const { reply, settings } =
      server && uri !== undefined
        ? await this.#answer(server, view)
        : { reply: replyWithPage(400, name), settings: {} as Settings };
    const withHeaders = { ...reply, headers: { server: name, ...reply.headers } };
    withHeaders.headers["server"] = name;
    addHeaders(withHeaders, settings, view);
    if (settings.accessLog !== false) access(accessLine(exchange, reply, clock.now()));
    return withHeaders;
  }

  async #answer(
    server: ServerBlock,
    view: RequestView,
  ): Promise<{ reply: Reply; settings: Settings }> {
    const { name } = this.#options;
    const { settings } = server;
    if (server.return) return { reply: returned(server.return, view, name, settings), settings };
    const located = chooseLocation(server.locations, view.uri);
    if (!located) return { reply: await this.#file(view, settings), settings };
    if ("redirect" in located) {
      const headers = { location: absolute(view, located.redirect) };
      return { reply: replyWithPage(301, name, headers), settings };
    }
    const { location, captures } = located;
    const here = { ...view, captures, proxyHost: location.proxyPass?.target ?? "" };
    return { reply: await this.#atLocation(location, here), settings: location.settings };
  }

  async #atLocation(location: Location, view: RequestView): Promise<Reply> {
    const { name, clock, error } = this.#options;
    const { settings, proxyPass: pass } = location;
    if (location.return) return returned(location.return, view, name, settings);
    const upstream = pass && this.#upstreams.get(pass.target);
    if (!pass || !upstream) return this.#file(view, settings);
    const pool = this.#pool(settings.connectTimeoutMs ?? 60_000);
    return proxy(view, { location, pass, upstream, pool, server: name, clock, log: error });
  }

  async #file(view: RequestView, settings: Settings): Promise<Reply> {
    const { method } = view.exchange;
    const reply = await serveFile(view.uri, settings, this.#options.name);
    if (reply.status === 200 && method !== "GET" && method !== "HEAD")
      return replyWithPage(405, this.#options.name);
    const { location } = reply.headers;
    if (typeof location === "string") reply.headers["location"] = absolute(view, location);
    return reply;
  }

  #pool(connectTimeoutMs: number): UpstreamPool {
    const known = this.#pools.get(connectTimeoutMs);
    if (known) return known;
    const pool = createPool(this.#options.clock, connectTimeoutMs);
    this.#pools.set(connectTimeoutMs, pool);
    return pool;
  }
}

async function resolveAll(config: Config, clock: Clock): Promise<Map<string, Upstream>> {
  const upstreams = new Map<string, Upstream>();
  for (const { name, servers } of config.upstreams.values())
    upstreams.set(name, await Upstream.resolve(servers, clock));
  for (const { locations } of config.servers)
    for (const { proxyPass: pass } of locations) {
      if (!pass || upstreams.has(pass.target)) continue;
      const server = { ...pass, weight: 1, maxFails: 1, failTimeoutMs: 10_000, backup: false };
      upstreams.set(pass.target, await Upstream.resolve([server], clock));
    }
  return upstreams;
}

function returned(
  { status, text }: Return,
  view: RequestView,
  server: string,
  settings: Settings,
): Reply {
  const value = text?.(view);
  if (value === undefined) return replyWithPage(status, server);
  if ([301, 302, 303, 307, 308].includes(status)) {
    const location = value.startsWith("/") ? absolute(view, value) : value;
    return replyWithPage(status, server, { location });
  }
  return replyWithText(status, settings.defaultType ?? "text/plain", value);
}

const statusesWithHeaders = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

function addHeaders(reply: Reply, settings: Settings, view: RequestView): void {
  const headers: HeaderMap = reply.headers;
  for (const { name, value, always } of settings.addHeaders ?? [])
    if (always || statusesWithHeaders.has(reply.status)) headers[name.toLowerCase()] = value(view);
}
