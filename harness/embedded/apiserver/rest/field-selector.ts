import { badRequest } from "../errors/api-errors.ts";

/** A compiled field selector: `a=b,c!=d`; throws 400, worded by `refusal`, on a field that the kind does not offer. */
export function parseFieldSelector(
  selector: string,
  refusal: (field: string) => string,
): (fields: Readonly<Record<string, string>>) => boolean {
  const split = selector.split(",").map((term) => term.trim());
  const terms = split.filter(Boolean).map((term) => {
    const parsed = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(term);
    if (!parsed) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
    const [, field = "", operator, value = ""] = parsed;
    return { field, equal: operator !== "!=", value };
  });
  return (fields) =>
    terms.every(({ field, equal, value }) => {
      const actual = fields[field];
      if (actual === undefined) throw badRequest(refusal(field));
      return (actual === value) === equal;
    });
}
