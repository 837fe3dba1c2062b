import { secrets } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Secret. */
export const secretKind = defineKind({
  resource: secrets,
  singular: "secret",
  schema: "Secret",
  selectable: ({ type }) => ({ type: type ?? "" }),
});
