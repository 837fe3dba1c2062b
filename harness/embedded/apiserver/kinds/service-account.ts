import { serviceAccounts } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** ServiceAccount. */
export const serviceAccountKind = defineKind({
  resource: serviceAccounts,
  singular: "serviceaccount",
  shortNames: ["sa"],
  schema: "ServiceAccount",
  answersDeleted: true,
});
