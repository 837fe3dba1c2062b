import type { IncomingMessage } from "node:http";
import { apiVersionOf } from "../../resource.ts";
import { StatusError } from "../../status-error.ts";
import type { ObjectPage } from "../rest/object-reader.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { toTable, toTableRow } from "../tables/table.ts";
import { acceptedTypes } from "./answer.ts";
import type { Representation } from "./watch-handler.ts";

/** How the client wants objects: whole, only their metadata, or as a Table. */
export type Form = "whole" | "metadata" | "table";

/** The form that the Accept header asks for first, of those we serve; 406 where there is none. */
export function acceptedForm(request: IncomingMessage): Form {
  for (const { parameters } of acceptedTypes(request)) {
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
    if (as === undefined) return "whole";
    if (parameters.includes("v=v1") && as === "Table") return "table";
    if (parameters.includes("v=v1") && as.startsWith("PartialObjectMetadata")) return "metadata";
  }
  throw notAcceptable("application/json, application/yaml");
}

/** The form of a watch, which is written in JSON alone. */
export function acceptedWatchForm(request: IncomingMessage): Form {
  const [first] = acceptedTypes(request);
  if (first?.type === "application/yaml") throw notAcceptable("application/json;stream=watch");
  return acceptedForm(request);
}

function notAcceptable(types: string): StatusError {
  const message = `only the following media types are accepted: ${types}`;
  return new StatusError(406, "NotAcceptable", message, {});
}

/** Istio's and the Gateway API's kinds are custom resources on a real cluster: their lists differ. */
function isCustom({ resource }: ServedKind): boolean {
  return resource.group.includes(".") && !resource.group.endsWith(".k8s.io")
    ? true
    : resource.group === "gateway.networking.k8s.io";
}

/** One object in the form that was asked for. */
export function representObject(
  served: ServedKind,
  object: ApiObject,
  form: Form,
  includeObject: string,
  nowMs: number,
): object {
  if (form === "whole") return object;
  if (form === "metadata") return metadataOnly(object);
  return toTable(served, [object], {
    includeObject,
    nowMs,
    metadata: {
      resourceVersion: object.metadata.resourceVersion,
    },
  });
}

/** A list in the form that was asked for. */
export function representList(
  served: ServedKind,
  page: ObjectPage,
  form: Form,
  includeObject: string,
  nowMs: number,
): object {
  const metadata = {
    resourceVersion: page.resourceVersion,
    ...(page.continue ? { continue: page.continue } : {}),
    ...(page.remainingItemCount ? { remainingItemCount: page.remainingItemCount } : {}),
  };
  if (form === "table") return toTable(served, page.items, { includeObject, nowMs, metadata });
  if (form === "metadata") {
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: page.items.map(metadataOnly),
    };
  }
  const items = isCustom(served) ? page.items : page.items.map(withoutType);
  return {
    kind: `${served.resource.kind}List`,
    apiVersion: apiVersionOf(served.resource),
    metadata,
    items,
  };
}

/** How each object of a watch is written; a Table names its columns only once. */
export function representWatch(
  served: ServedKind,
  form: Form,
  includeObject: string,
  now: () => number,
): Representation {
  if (form === "whole") return (object) => object;
  if (form === "metadata") return metadataOnly;
  let first = true;
  return (object) => {
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const options = { includeObject, nowMs: now(), metadata };
    const table = first ? toTable(served, [object], options) : toTableRow(served, object, options);
    first = false;
    return table;
  };
}

function metadataOnly({ metadata }: ApiObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

function withoutType(object: ApiObject): object {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}
