import { serviceAccounts } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** ServiceAccount. */
export const serviceAccountKind = defineKind({
  resource: serviceAccounts,
  singular: "serviceaccount",
  shortNames: ["sa"],
  schema: "ServiceAccount",
  answersDeleted: true,
  otherSubresources: [
    {
      name: "token",
      kind: "TokenRequest",
      group: "authentication.k8s.io",
      version: "v1",
      verbs: ["create"],
    },
  ],
  columns: [
    nameColumn,
    { name: "Secrets", type: "string", cell: ({ secrets }) => (secrets ?? []).length },
    ageColumn,
  ],
});
