import { endpointSlices } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** EndpointSlice. */
export const endpointSliceKind = defineKind({
  resource: endpointSlices,
  singular: "endpointslice",
  schema: "EndpointSlice",
  generation: "spec",
});
