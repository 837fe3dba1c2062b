import { ingresses } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Ingress. */
export const ingressKind = defineKind({
  resource: ingresses,
  singular: "ingress",
  shortNames: ["ing"],
  schema: "Ingress",
  status: true,
  generation: "spec",
});
