import { badRequest } from "../errors/api-errors.ts";

type Labels = Readonly<Record<string, string>> | undefined;
type Requirement = (labels: Labels) => boolean;

/** A compiled label selector in kubectl's notation: `a=b,c!=d,e in (f,g),h,!i`. */
export function parseLabelSelector(selector: string): (labels: Labels) => boolean {
  const requirements = splitTerms(selector).map(parseTerm);
  return (labels) => requirements.every((holds) => holds(labels));
}

/** Splits at commas that stand outside parentheses. */
function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
}

function parseTerm(term: string): Requirement {
  const set = /^([^\s!=()]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) return setRequirement(set[1] ?? "", set[2] === "in", set[3] ?? "");
  const compared = /^([^\s!=()]+)\s*(==|=|!=)\s*([^\s=()]*)$/.exec(term);
  if (compared) {
    const [, key = "", operator, value = ""] = compared;
    return operator === "!="
      ? (labels) => labels?.[key] !== value
      : (labels) => labels?.[key] === value;
  }
  const existence = /^(!?)\s*([^\s!=()]+)$/.exec(term);
  if (!existence) throw badRequest(`unable to parse requirement: ${JSON.stringify(term)}`);
  const [, not, key = ""] = existence;
  return (labels) => (labels?.[key] !== undefined) === (not === "");
}

function setRequirement(key: string, inside: boolean, list: string): Requirement {
  const values = new Set(list.split(",").map((value) => value.trim()));
  return (labels) => {
    const value = labels?.[key];
    if (value === undefined) return !inside;
    return values.has(value) === inside;
  };
}

/** A compiled field selector: `a=b,c!=d`; throws 400 on a field that the kind does not offer. */
export function parseFieldSelector(
  selector: string,
): (fields: Readonly<Record<string, string>>) => boolean {
  const terms = splitTerms(selector).map((term) => {
    const parsed = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(term);
    if (!parsed) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
    const [, field = "", operator, value = ""] = parsed;
    return { field, equal: operator !== "!=", value };
  });
  return (fields) =>
    terms.every(({ field, equal, value }) => {
      const actual = fields[field];
      if (actual === undefined) throw badRequest(`field label not supported: ${field}`);
      return (actual === value) === equal;
    });
}
