import { endpointSlices } from "../../resources.ts";
import { ageColumn, firstThree, nameColumn } from "../tables/cells.ts";
import { checkOneOf } from "../validation/numbers.ts";
import { defineKind } from "./kind.ts";

/** EndpointSlice. Everything in it but metadata counts for its generation. */
export const endpointSliceKind = defineKind({
  resource: endpointSlices,
  singular: "endpointslice",
  schema: "EndpointSlice",
  generation: "content",
  setDefaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ||= "TCP";
    }
  },
  validate(slice, errors, old) {
    checkOneOf("addressType", slice.addressType, ["FQDN", "IPv4", "IPv6"], errors);
    if (old && old.addressType !== slice.addressType) {
      errors.invalid("addressType", slice.addressType, "field is immutable");
    }
  },
  columns: [
    nameColumn,
    { name: "AddressType", type: "string", cell: ({ addressType }) => addressType },
    {
      name: "Ports",
      type: "string",
      cell: ({ ports }) =>
        firstThree(
          (ports ?? []).map(({ port }) => String(port ?? "*")),
          "<unset>",
        ),
    },
    {
      name: "Endpoints",
      type: "string",
      cell: ({ endpoints }) =>
        firstThree(
          (endpoints ?? []).flatMap(({ addresses }) => addresses),
          "<unset>",
        ),
    },
    ageColumn,
  ],
});
