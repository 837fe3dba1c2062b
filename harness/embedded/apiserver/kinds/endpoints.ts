import type { Endpoints } from "kubernetes-types/core/v1";
import { endpoints } from "../../resources.ts";
import { ageColumn, firstThree, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** Endpoints. */
export const endpointsKind = defineKind({
  resource: endpoints,
  singular: "endpoints",
  shortNames: ["ep"],
  schema: "Endpoints",
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  setDefaults({ subsets }) {
    for (const subset of subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ||= "TCP";
    }
  },
  columns: [nameColumn, { name: "Endpoints", type: "string", cell: endpointsText }, ageColumn],
});

function endpointsText({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
  );
  return firstThree(all, "<none>");
}
