import type { RequestContext } from "../rest/request-context.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";

/** A write that is about to happen. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly served: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string;
  /** In stored form; an admission step may change it in place. */
  readonly object: ApiObject;
  readonly old: ApiObject | undefined;
  readonly context: RequestContext;
}

/** One step on the way of a write: changes the object, refuses it by throwing a StatusError, or does nothing. */
export type AdmissionStep = (request: AdmissionRequest) => void | Promise<void>;
