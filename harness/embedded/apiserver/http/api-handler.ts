import type { IncomingMessage, ServerResponse } from "node:http";
import { apiVersionOf } from "../../resource.ts";
import { StatusError } from "../../status-error.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { impersonated } from "../auth/impersonation.ts";
import { badRequest, internalError, methodNotAllowed } from "../errors/api-errors.ts";
import type { User } from "../rest/request-context.ts";
import type { ServedKinds } from "../rest/served-kinds.ts";
import type { Actions } from "./actions.ts";
import { Exchange } from "./answer.ts";
import type { Discovery } from "./discovery.ts";
import { openApiV2Type } from "./open-api-v2.ts";
import type { OpenApi } from "./open-api.ts";
import type { ResourceHandler } from "./resource-handler.ts";
import { attributesOf, parseResourcePath, type ResourcePath, verbOf } from "./resource-path.ts";
import { serverVersion } from "./version.ts";

/** What the handler hands requests to. */
export interface ApiHandlerParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly kinds: ServedKinds;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly resources: ResourceHandler;
  readonly actions: Actions;
  /** Told failures of the server itself. */
  readonly onError: (error: unknown) => void;
}

/** Answers every HTTP request: who asks, may they, and what for. */
export class ApiHandler {
  readonly #parts: ApiHandlerParts;

  constructor(parts: ApiHandlerParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, response);
    try {
      const { authenticator, authorizer } = this.#parts;
      const user = impersonated(request, authenticator.authenticate(request), authorizer);
      await this.#route(exchange, user);
    } catch (error) {
      if (response.destroyed) return;
      if (error instanceof StatusError) return exchange.sendError(error);
      if (error instanceof URIError) return exchange.sendError(badRequest("malformed URL"));
      this.#parts.onError(error);
      const message = error instanceof Error ? error.message : String(error);
      exchange.sendError(internalError(message));
    }
  }

  async #route(exchange: Exchange, user: User): Promise<void> {
    const { pathname } = exchange.url;
    const path = parseResourcePath(pathname);
    if (!path) return this.#plain(exchange, user, pathname.replace(/(.)\/$/, "$1"));
    const method = exchange.request.method ?? "GET";
    const verb = verbOf(method, path, exchange.query);
    this.#parts.authorizer.mustAllow(user, attributesOf(verb, path));
    const served = this.#parts.kinds.find(path.group, path.version, path.plural);
    if (served) {
      return this.#parts.resources.handle({ exchange, path, verb, served, user });
    }
    if (await this.#parts.actions.handle(exchange, path, verb, user)) return;
    const kind = verb === "list" ? noneOfKind.get(`${path.group}/${path.plural}`) : undefined;
    if (kind) return exchange.sendJson(200, emptyList(path, kind));
    exchange.sendText(404, "404 page not found\n");
  }

  /** Paths that name no resource. */
  #plain(exchange: Exchange, user: User, path: string): void {
    const verb = (exchange.request.method ?? "GET").toLowerCase();
    const attributes = { group: "", resource: "", subresource: "", namespace: undefined, name: "" };
    this.#parts.authorizer.mustAllow(user, { verb, path, ...attributes });
    if (verb !== "get" && verb !== "head") throw methodNotAllowed();
    if (path === "/openapi/v2") return this.#openApiV2(exchange);
    const body = this.#document(exchange, path);
    if (body === undefined) exchange.sendText(404, "404 page not found\n");
    else if (typeof body === "string") exchange.sendText(200, body);
    else {
      const type: Record<string, string> = body.type ? { "content-type": body.type } : {};
      exchange.sendJson(200, body.document, { ...type, vary: "Accept" });
    }
  }

  /** Every path that names no resource, as `curl` of the root shows them. */
  #paths(): string[] {
    const groups = this.#parts.discovery
      .groupVersions()
      .filter(({ group }) => group !== "")
      .flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
    const checks = ["healthz", "livez", "readyz"].flatMap((name) => [`/${name}`, `/${name}/ping`]);
    const fixed = ["/api", "/api/v1", "/apis", "/apis/", "/version"];
    const openApi = ["/openapi/v2", "/openapi/v3", "/openapi/v3/"];
    return [...new Set([...fixed, ...groups, ...checks, ...openApi])].toSorted();
  }

  #openApiV2(exchange: Exchange): void {
    if (!(exchange.request.headers.accept ?? "").includes(openApiV2Type)) {
      throw new StatusError(
        406,
        "NotAcceptable",
        `only the following media types are accepted: ${openApiV2Type}`,
        {},
      );
    }
    // Go cannot parse a content type with an at sign, so the answer is named with a dot.
    exchange.send(200, this.#parts.openApi.version2(), openApiV2Type.replace("@", "."));
  }

  #document(
    exchange: Exchange,
    path: string,
  ): string | { readonly document: object; readonly type?: string } | undefined {
    const { discovery, openApi } = this.#parts;
    const [, check, part] = /^\/(healthz|livez|readyz)(?:\/(.*))?$/.exec(path) ?? [];
    if (check !== undefined) return health(check, part, exchange.query.has("verbose"));
    if (path === "/") return json({ paths: this.#paths() });
    if (path === "/version") return json(serverVersion);
    if (path === "/openapi/v3") return json(openApi.index());
    if (path.startsWith("/openapi/v3/")) {
      const found = openApi.document(path.slice("/openapi/v3/".length));
      return found && json(found);
    }
    if (path === "/api" || path === "/apis") {
      const type = aggregatedType(exchange.request);
      if (type) return { document: discovery.aggregated(path === "/api"), type };
      if (path === "/apis") return json(discovery.groups());
      return json(discovery.coreVersions(exchange.request.headers.host ?? ""));
    }
    if (path === "/api/v1") return json(discovery.resources("", "v1"));
    const [, apis, group, version] = path.split("/");
    if (apis !== "apis" || !group) return undefined;
    return json(version ? discovery.resources(group, version) : discovery.group(group));
  }
}

/** Kinds that are not served and that kubectl asks for: before it knows no other kind, and in `describe namespace`. */
const noneOfKind = new Map([
  ["apiextensions.k8s.io/customresourcedefinitions", "CustomResourceDefinition"],
  ["/resourcequotas", "ResourceQuota"],
  ["/limitranges", "LimitRange"],
]);

function emptyList({ group, version }: ResourcePath, kind: string): object {
  const apiVersion = apiVersionOf({ group, version });
  return { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: "1" }, items: [] };
}

/** The cluster is one process: where it answers, it is well. */
function health(check: string, part: string | undefined, isVerbose: boolean): string | undefined {
  if (part !== undefined) return part === "ping" ? "ok" : undefined;
  return isVerbose ? `[+]ping ok\n${check} check passed\n` : "ok";
}

function json(document: object): { document: object } {
  return { document };
}

function aggregatedType({ headers }: IncomingMessage): string | undefined {
  const version =
    /application\/json;g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/;
  const found = version.exec((headers.accept ?? "").replaceAll(" ", ""));
  // v2beta1 is gone since Kubernetes 1.35; clients that know only it use the old form.
  return found?.[1] === "v2" ? found[0] : undefined;
}
