import { ingressClasses } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** IngressClass. */
export const ingressClassKind = defineKind({
  resource: ingressClasses,
  singular: "ingressclass",
  schema: "IngressClass",
  generation: "spec",
});
