import { LabError } from "../errors/lab-error.ts";

/** One object as kubectl names it, `deployment/logic`, perhaps with its namespace: `other:deployment/logic`. */
export interface Target {
  readonly kind: string;
  readonly name: string;
  /** The lab's own further namespace it is in; its main one where absent. */
  readonly space?: string;
}

/** Reads `kind/name` or `space:kind/name`. */
export function parseTarget(text: string): Target {
  const match = /^(?:([a-z0-9-]+):)?([A-Za-z.]+)\/([A-Za-z0-9.:-]+)$/.exec(text);
  if (!match)
    throw new LabError(
      "LAB_USAGE",
      `"${text}" names no object: expected kind/name, as in deployment/logic`,
      {
        facts: { expected: "kind/name", received: text },
      },
    );
  const [, space, kind = "", name = ""] = match;
  return { kind, name, ...(space === undefined ? {} : { space }) };
}
