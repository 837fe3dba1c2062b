import { type EventRecorder, referenceTo } from "../../events.ts";
import type { KubeObject, Resource } from "../../resource.ts";

/** Says in an event which fields the embedded cluster cannot honour; whether there were any. */
export function refuseFields(
  recorder: EventRecorder,
  resource: Resource,
  object: KubeObject,
  fields: Readonly<Record<string, boolean>>,
): boolean {
  const refused = Object.entries(fields).flatMap(([field, present]) => (present ? [field] : []));
  for (const field of refused)
    recorder.record(
      referenceTo(resource, object),
      "Warning",
      "NotSupported",
      `${field} is not supported by the embedded cluster; nothing is done for this ${resource.kind}`,
    );
  return refused.length > 0;
}
