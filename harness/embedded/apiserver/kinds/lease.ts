import { leases } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Lease. */
export const leaseKind = defineKind({
  resource: leases,
  singular: "lease",
  schema: "Lease",
});
