import type { Pod } from "kubernetes-types/core/v1";
import type { DeleteOptions, ListOptions, PatchType } from "../../client.ts";
import type { Clock } from "../../../time/clock.ts";
import type { NodeAgent } from "../../node-agent.ts";
import { StatusError } from "../../status-error.ts";
import { badRequest, methodNotAllowed, noSuchResource } from "../errors/api-errors.ts";
import type { InProcessBackend } from "../in-process-client.ts";
import type { PageOptions } from "../rest/object-reader.ts";
import type { RequestContext, User } from "../rest/request-context.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import { sendPodLogs } from "../streaming/pod-logs.ts";
import { type ApiObject, isJsonObject } from "../storage/stored-object.ts";
import type { Exchange } from "./answer.ts";
import {
  acceptedForm,
  acceptedWatchForm,
  representList,
  representObject,
  representWatch,
} from "./representations.ts";
import { mediaType, readObject, readOptionalObject, readPatch } from "./request-body.ts";
import {
  checkDeleteOptions,
  checkListOptions,
  checkWatchOptions,
  checkWriteOptions,
  numberOf,
  versionOf,
} from "./request-options.ts";
import { isTrue, type ResourcePath } from "./resource-path.ts";
import { handleWatch } from "./watch-handler.ts";

/** One request to a resource, authorised already. */
export interface ResourceRequest {
  readonly exchange: Exchange;
  readonly path: ResourcePath;
  readonly verb: string;
  readonly served: ServedKind;
  readonly user: User;
}

/** Answers requests to stored resources, verb by verb. */
export class ResourceHandler {
  readonly #backend: InProcessBackend;
  readonly #clock: Clock;
  readonly #agent: () => NodeAgent | undefined;

  constructor(backend: InProcessBackend, clock: Clock, agent: () => NodeAgent | undefined) {
    this.#backend = backend;
    this.#clock = clock;
    this.#agent = agent;
  }

  async handle(request: ResourceRequest): Promise<void> {
    const { path, served, verb } = request;
    checkPlace(request);
    const { deprecation } = served.kind;
    if (deprecation !== undefined) request.exchange.warnings.push(deprecation);
    if (path.name === undefined) {
      if (verb === "list") return this.#list(request);
      if (verb === "watch") return this.#watch(request);
      if (verb === "create") return this.#create(request);
      if (verb === "deletecollection") return this.#deleteCollection(request);
      throw methodNotAllowed();
    }
    checkSubresource(served, path.subresource);
    if (verb === "get") return this.#get(request);
    if (verb === "watch") return this.#watch(request);
    if (verb === "update") return this.#update(request);
    if (verb === "patch") return this.#patch(request);
    if (verb === "delete" && path.subresource === "") return this.#delete(request);
    if (verb === "create" && path.subresource !== "") return this.#createSubresource(request);
    throw methodNotAllowed();
  }

  async #get(request: ResourceRequest): Promise<void> {
    const { served, path } = request;
    const key = keyOf(request);
    const { subresource } = path;
    if (subresource === "scale") {
      return this.#send(request, 200, this.#backend.subresources.getScale(served, key));
    }
    const object = this.#backend.registry.reader.get(served, key);
    if (subresource === "" || subresource === "status") return this.#send(request, 200, object);
    if (subresource !== "log") throw upgradeRequired();
    const agent = this.#agent();
    if (!agent) throw new StatusError(503, "ServiceUnavailable", "the node has no kubelet yet", {});
    await sendPodLogs(request.exchange, agent, object as Pod);
  }

  #list({ exchange, served, path }: ResourceRequest): void {
    const form = acceptedForm(exchange.request);
    checkListOptions(exchange.query);
    const page = this.#backend.registry.reader.list(served, pageOptions(exchange, path));
    const include = includeObject(exchange);
    exchange.sendJson(200, representList(served, page, form, include, this.#clock.now()));
  }

  #watch({ exchange, served, path }: ResourceRequest): void {
    const form = acceptedWatchForm(exchange.request);
    checkWatchOptions(exchange.query);
    const now = (): number => this.#clock.now();
    const suffix = form === "table" ? ";as=Table;g=meta.k8s.io;v=v1" : "";
    handleWatch({
      exchange,
      served,
      clock: this.#clock,
      reader: this.#backend.registry.reader,
      selection: selectionOf(exchange, path),
      represent: representWatch(served, form, includeObject(exchange), now),
      contentType: `application/json${suffix}`,
    });
  }

  async #create(request: ResourceRequest): Promise<void> {
    const { exchange, served, path } = request;
    if (served.resource.namespaced && path.namespace === undefined) throw methodNotAllowed();
    const object = await readApiObject(exchange, served.resource.kind);
    const context = contextOf(request);
    const { writer } = this.#backend.registry;
    const created = await writer.create(served, path.namespace, object, context);
    this.#send(request, 201, created);
  }

  async #createSubresource(request: ResourceRequest): Promise<void> {
    const { exchange, served } = request;
    const object = await readApiObject(exchange, served.resource.kind);
    const key = keyOf(request);
    const { subresources } = this.#backend;
    exchange.sendJson(201, await subresources.create(served, key, object, contextOf(request)));
  }

  async #update(request: ResourceRequest): Promise<void> {
    const { exchange, served, path } = request;
    const object = await readApiObject(exchange, served.resource.kind);
    const key = keyOf(request);
    const context = contextOf(request);
    const updated =
      path.subresource === "scale"
        ? await this.#backend.subresources.replaceScale(served, key, object, context)
        : await this.#backend.registry.replace(served, key, object, context);
    this.#send(request, 200, updated);
  }

  async #patch(request: ResourceRequest): Promise<void> {
    const { exchange, served } = request;
    const type = patchTypeOf(exchange);
    const body = await readPatch(exchange.request, type);
    const force = isTrue(exchange.query.get("force"));
    const context = contextOf(request, type);
    const key = keyOf(request);
    const patched = await this.#backend.patcher.patch(served, key, { type, body, force }, context);
    this.#send(request, patched.created ? 201 : 200, patched.object);
  }

  async #delete(request: ResourceRequest): Promise<void> {
    const { exchange, served } = request;
    const options = await deleteOptionsOf(exchange);
    const context = { ...contextOf(request), dryRun: options.dryRun };
    const { registry } = this.#backend;
    const { object, gone } = await registry.delete(served, keyOf(request), options, context);
    if (!gone || served.kind.answersDeleted) return this.#send(request, 200, object);
    const { name, uid } = object.metadata;
    const { group, plural: kind } = served.resource;
    const details = { name, ...(group === "" ? {} : { group }), kind, uid };
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
    exchange.sendJson(200, status);
  }

  async #deleteCollection(request: ResourceRequest): Promise<void> {
    const { exchange, served, path } = request;
    const options = await deleteOptionsOf(exchange);
    const { registry } = this.#backend;
    const page = registry.reader.list(served, pageOptions(exchange, path));
    const context = { ...contextOf(request), dryRun: options.dryRun };
    for (const { metadata } of page.items) {
      const key = { namespace: metadata.namespace, name: metadata.name ?? "" };
      await registry.delete(served, key, options, context).catch(ignoreNotFound);
    }
    exchange.sendJson(200, representList(served, page, "whole", "", this.#clock.now()));
  }

  #send({ exchange, served }: ResourceRequest, code: number, object: ApiObject): void {
    const form = acceptedForm(exchange.request);
    const include = includeObject(exchange);
    exchange.sendJson(code, representObject(served, object, form, include, this.#clock.now()));
  }
}

/** Streams come over connections that are taken over; this one asks for that in no way we know. */
function upgradeRequired(): StatusError {
  return new StatusError(400, "BadRequest", "Upgrade request required");
}

function checkPlace({ path, served, verb }: ResourceRequest): void {
  if (!served.resource.namespaced && path.namespace !== undefined) throw noSuchResource();
  if (served.resource.namespaced && path.namespace === undefined && path.name !== undefined) {
    throw verb === "get" ? noSuchResource() : methodNotAllowed();
  }
}

function checkSubresource({ kind }: ServedKind, subresource: string): void {
  if (subresource === "") return;
  if (subresource === "status" && kind.status) return;
  if (subresource === "scale" && kind.scale) return;
  if (kind.otherSubresources?.some(({ name }) => name === subresource)) return;
  throw noSuchResource();
}

function keyOf({ path }: ResourceRequest): { namespace: string | undefined; name: string } {
  return { namespace: path.namespace, name: path.name ?? "" };
}

function includeObject(exchange: Exchange): string {
  return exchange.query.get("includeObject") ?? "Metadata";
}

function selectionOf(exchange: Exchange, path: ResourcePath): ListOptions {
  const fields = exchange.query.get("fieldSelector") ?? "";
  const own = path.name === undefined ? "" : `metadata.name=${path.name}`;
  return {
    namespace: path.namespace,
    labelSelector: exchange.query.get("labelSelector") ?? undefined,
    fieldSelector: [fields, own].filter((part) => part !== "").join(","),
  };
}

function pageOptions(exchange: Exchange, path: ResourcePath): PageOptions {
  return {
    ...selectionOf(exchange, path),
    limit: numberOf(exchange.query, "limit"),
    continue: exchange.query.get("continue") ?? undefined,
    version: versionOf(exchange.query),
    exact: exchange.query.get("resourceVersionMatch") === "Exact",
  };
}

const optionKinds = { create: "CreateOptions", update: "UpdateOptions" } as const;

function contextOf(
  { exchange, user, path, verb }: ResourceRequest,
  patchType?: PatchType,
): RequestContext {
  const { query, request, warnings } = exchange;
  if (patchType) checkWriteOptions("PatchOptions", query, patchType);
  else if (verb === "create" || verb === "update") checkWriteOptions(optionKinds[verb], query);
  const asked = query.get("fieldValidation");
  const validation = asked === "Strict" || asked === "Ignore" ? asked : "Warn";
  const agent = (request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown";
  return {
    user,
    fieldManager: query.get("fieldManager") || agent,
    fieldValidation: validation,
    dryRun: query.get("dryRun") === "All",
    subresource: path.subresource,
    warnings,
  };
}

async function readApiObject(exchange: Exchange, kind: string): Promise<ApiObject> {
  const body = await readObject(exchange.request, kind);
  if (!isJsonObject(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind`,
    );
  }
  return { ...body, metadata: isJsonObject(body.metadata) ? body.metadata : {} };
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

function patchTypeOf({ request }: Exchange): PatchType {
  const type = patchTypes[mediaType(request)];
  if (type) return type;
  // The router of a real server knows no such route and says no more.
  throw new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

async function deleteOptionsOf(exchange: Exchange): Promise<DeleteOptions & { dryRun: boolean }> {
  const { query, request } = exchange;
  const body = await readOptionalObject(request, "DeleteOptions");
  const options: DeleteOptions & { dryRun?: unknown } = isJsonObject(body) ? body : {};
  const grace = numberOf(query, "gracePeriodSeconds");
  const policy = query.get("propagationPolicy") as DeleteOptions["propagationPolicy"] | null;
  const all = {
    ...options,
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(query.has("dryRun") ? { dryRun: query.getAll("dryRun") } : {}),
  };
  checkDeleteOptions(all);
  return { ...all, dryRun: Array.isArray(all.dryRun) && all.dryRun.length > 0 };
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof StatusError && error.reason === "NotFound")) throw error;
}
