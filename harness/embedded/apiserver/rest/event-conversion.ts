import type { ApiObject } from "../storage/stored-object.ts";

/** How events.k8s.io names what v1 calls otherwise. */
const names: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

/** An events.k8s.io/v1 Event as the v1 Event that is stored. */
export function eventToStored(object: ApiObject): ApiObject {
  const stored: ApiObject = { ...object };
  for (const [theirs, ours] of names) {
    if (stored[theirs] !== undefined) stored[ours] = stored[theirs];
    delete stored[theirs];
  }
  return stored;
}

/** A stored v1 Event as an events.k8s.io/v1 Event. */
export function eventFromStored(object: ApiObject): ApiObject {
  const converted: ApiObject = { ...object };
  for (const [theirs, ours] of names) {
    if (converted[ours] !== undefined) converted[theirs] = converted[ours];
    delete converted[ours];
  }
  return converted;
}
