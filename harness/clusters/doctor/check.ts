/** What one check of this machine found. */
export interface Finding {
  /** "no" stops something a person may want; "warn" may slow or surprise. */
  readonly state: "ok" | "warn" | "no";
  readonly found: string;
  /** What to do, where the state is not ok. */
  readonly advice?: string;
}

export interface Check {
  /** "Docker engine", "memory", ... */
  readonly name: string;
  /** What needs it: "embedded", "k3s" or "kubectl". */
  readonly neededBy: "embedded" | "k3s" | "by hand";
  look(signal: AbortSignal): Promise<Finding>;
}

export function ok(found: string): Finding {
  return { state: "ok", found };
}

export function warn(found: string, advice: string): Finding {
  return { state: "warn", found, advice };
}

export function no(found: string, advice: string): Finding {
  return { state: "no", found, advice };
}
