import { ingressClasses } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** IngressClass. */
export const ingressClassKind = defineKind({
  resource: ingressClasses,
  singular: "ingressclass",
  schema: "IngressClass",
  generation: "spec",
  validate({ spec }, errors, old) {
    if (!spec?.controller) errors.required("spec.controller");
    if (old && old.spec?.controller !== spec?.controller) {
      errors.invalid("spec.controller", spec?.controller, "field is immutable");
    }
  },
  columns: [
    nameColumn,
    { name: "Controller", type: "string", cell: ({ spec }) => spec?.controller ?? "" },
    {
      name: "Parameters",
      type: "string",
      cell: ({ spec }) => {
        const { kind, apiGroup, name } = spec?.parameters ?? {};
        if (!kind) return "<none>";
        return `${kind}${apiGroup ? `.${apiGroup}` : ""}/${name ?? ""}`;
      },
    },
    ageColumn,
  ],
});
