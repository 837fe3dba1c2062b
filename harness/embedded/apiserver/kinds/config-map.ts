import { configMaps } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** ConfigMap. */
export const configMapKind = defineKind({
  resource: configMaps,
  singular: "configmap",
  shortNames: ["cm"],
  schema: "ConfigMap",
});
