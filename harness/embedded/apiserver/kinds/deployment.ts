import { deployments } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Deployment. */
export const deploymentKind = defineKind({
  resource: deployments,
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  schema: "Deployment",
  status: true,
  generation: "spec",
  scale: true,
});
