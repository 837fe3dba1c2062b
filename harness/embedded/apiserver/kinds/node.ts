import type { Node } from "kubernetes-types/core/v1";
import { nodes } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** Node. */
export const nodeKind = defineKind({
  resource: nodes,
  singular: "node",
  shortNames: ["no"],
  schema: "Node",
  status: true,
  selectable: ({ spec }) => ({ "spec.unschedulable": String(spec?.unschedulable ?? false) }),
  columns: [
    nameColumn,
    { name: "Status", type: "string", cell: statusText },
    { name: "Roles", type: "string", cell: rolesText },
    ageColumn,
    {
      name: "Version",
      type: "string",
      cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? "",
    },
    {
      name: "Internal-IP",
      type: "string",
      priority: 1,
      cell: (node) => addressOf(node, "InternalIP"),
    },
    {
      name: "External-IP",
      type: "string",
      priority: 1,
      cell: (node) => addressOf(node, "ExternalIP"),
    },
    {
      name: "OS-Image",
      type: "string",
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.osImage || "<unknown>",
    },
    { name: "Kernel-Version", type: "string", priority: 1, cell: kernelText },
    {
      name: "Container-Runtime",
      type: "string",
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
    },
  ],
});

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const state = ready ? (ready.status === "True" ? "Ready" : "NotReady") : "Unknown";
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

function rolesText({ metadata }: Node): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata?.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  return roles.toSorted().join(",") || "<none>";
}

function addressOf({ status }: Node, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address || "<none>";
}

function kernelText({ status }: Node): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {};
  if (!kernelVersion) return "<unknown>";
  return architecture ? `${kernelVersion} (${architecture})` : kernelVersion;
}
