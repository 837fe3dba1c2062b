import { services } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Service. */
export const serviceKind = defineKind({
  resource: services,
  singular: "service",
  shortNames: ["svc"],
  categories: ["all"],
  schema: "Service",
  names: "service",
  status: true,
  answersDeleted: true,
});
