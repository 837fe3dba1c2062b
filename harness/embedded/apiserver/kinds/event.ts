import type { Event } from "kubernetes-types/core/v1";
import { events } from "../../resources.ts";
import { eventFromStored, eventToStored } from "../rest/event-conversion.ts";
import { sinceText } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** Event: one storage for v1 and events.k8s.io/v1. */
export const eventKind = defineKind({
  resource: events,
  singular: "event",
  shortNames: ["ev"],
  schema: "CoreEvent",
  also: [
    {
      group: "events.k8s.io",
      version: "v1",
      schema: "EventsEvent",
      toStored: eventToStored,
      fromStored: eventFromStored,
    },
  ],
  setDefaults(event) {
    const written = event as { [field: string]: unknown };
    for (const field of ["eventTime", "firstTimestamp", "lastTimestamp"]) written[field] ??= null;
    event.reportingComponent ??= "";
    event.reportingInstance ??= "";
    event.source ??= {};
  },
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
  columns: [
    { name: "Last Seen", type: "string", cell: lastSeen },
    { name: "Type", type: "string", cell: ({ type }) => type ?? "" },
    { name: "Reason", type: "string", cell: ({ reason }) => reason ?? "" },
    {
      name: "Object",
      type: "string",
      cell: ({ involvedObject: { kind = "", name = "" } }) => `${kind.toLowerCase()}/${name}`,
    },
    {
      name: "Subobject",
      type: "string",
      priority: 1,
      cell: ({ involvedObject }) => involvedObject.fieldPath ?? "",
    },
    { name: "Source", type: "string", priority: 1, cell: sourceText },
    { name: "Message", type: "string", cell: ({ message }) => (message ?? "").trim() },
    { name: "First Seen", type: "string", priority: 1, cell: firstSeen },
    {
      name: "Count",
      type: "string",
      priority: 1,
      cell: ({ count, series }) => series?.count ?? (count || 1),
    },
    {
      name: "Name",
      type: "string",
      format: "name",
      priority: 1,
      cell: ({ metadata }) => metadata?.name ?? "",
    },
  ],
});

function firstSeen({ firstTimestamp, eventTime }: Event, nowMs: number): string {
  return sinceText(firstTimestamp || eventTime, nowMs);
}

function lastSeen(event: Event, nowMs: number): string {
  const seen = event.series?.lastObservedTime || event.lastTimestamp;
  return seen ? sinceText(seen, nowMs) : firstSeen(event, nowMs);
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || "";
  const instance = source?.host || reportingInstance || "";
  return instance === "" ? component : `${component}, ${instance}`;
}
