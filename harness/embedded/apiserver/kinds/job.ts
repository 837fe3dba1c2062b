import { jobs } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Job. */
export const jobKind = defineKind({
  resource: jobs,
  singular: "job",
  categories: ["all"],
  schema: "Job",
  status: true,
  generation: "spec",
});
