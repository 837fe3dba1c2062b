import { leases } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** Lease. */
export const leaseKind = defineKind({
  resource: leases,
  singular: "lease",
  schema: "Lease",
  columns: [
    nameColumn,
    { name: "Holder", type: "string", cell: ({ spec }) => spec?.holderIdentity ?? "" },
    ageColumn,
  ],
});
