import { endpoints } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Endpoints. */
export const endpointsKind = defineKind({
  resource: endpoints,
  singular: "endpoints",
  shortNames: ["ep"],
  schema: "Endpoints",
});
