import type { LoadDescription } from "../lab/load.ts";
import type { RequestDescription } from "../lab/request.ts";
import type { Text } from "../report/text.ts";

/** One thing that a step does, as its code says it. */
export type Action =
  | {
      readonly type: "apply" | "remove";
      readonly names: readonly string[];
      readonly space?: string;
    }
  | { readonly type: "ready"; readonly targets: readonly string[] }
  | { readonly type: "kube"; readonly verb: string; readonly args: readonly unknown[] }
  | { readonly type: "ask"; readonly request: RequestDescription }
  | {
      readonly type: "load";
      readonly load: LoadDescription;
      /** What is done while the traffic runs. */
      readonly during: readonly Action[];
    }
  | { readonly type: "compose"; readonly file: string }
  | Check;

/** One expectation of a step. */
export interface Check {
  readonly type: "check";
  readonly of: RequestDescription | LoadDescription | ValueOf;
  readonly matcher: string;
  readonly not: boolean;
  readonly args: readonly unknown[];
}

/** A plain value that is checked, by the name that its message has. */
export interface ValueOf {
  readonly type: "value";
  readonly name: Text;
}

/** All checks among these, those inside a load too. */
export function checksIn(actions: readonly Action[]): readonly Check[] {
  return actions.flatMap((action) => {
    if (action.type === "load") return checksIn(action.during);
    return action.type === "check" ? [action] : [];
  });
}
