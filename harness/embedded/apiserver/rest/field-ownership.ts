import type { ApiObject } from "../storage/stored-object.ts";
import type { RequestContext } from "./request-context.ts";
import type { ServedKind } from "./served-kinds.ts";

/** Keeps metadata.managedFields: who set which field. */
export interface FieldOwnership {
  /** Notes in `object` what this write changed since `previous`. */
  record(
    served: ServedKind,
    object: ApiObject,
    previous: ApiObject | undefined,
    context: RequestContext,
  ): void;
}
