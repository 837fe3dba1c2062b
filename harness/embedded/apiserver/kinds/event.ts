import { events } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Event: one storage for v1 and events.k8s.io/v1. */
export const eventKind = defineKind({
  resource: events,
  singular: "event",
  shortNames: ["ev"],
  schema: "CoreEvent",
  selectable: (event) => ({
    "involvedObject.kind": event.involvedObject?.kind ?? "",
    "involvedObject.namespace": event.involvedObject?.namespace ?? "",
    "involvedObject.name": event.involvedObject?.name ?? "",
    "involvedObject.uid": event.involvedObject?.uid ?? "",
    "involvedObject.apiVersion": event.involvedObject?.apiVersion ?? "",
    "involvedObject.resourceVersion": event.involvedObject?.resourceVersion ?? "",
    "involvedObject.fieldPath": event.involvedObject?.fieldPath ?? "",
    reason: event.reason ?? "",
    reportingComponent: event.reportingComponent ?? "",
    source: event.source?.component || event.reportingComponent || "",
    type: event.type ?? "",
  }),
});
