/** Who asks. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a request carries besides its object. */
export interface RequestContext {
  readonly user: User;
  readonly fieldManager: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  readonly dryRun: boolean;
  /** "" for the object itself. */
  readonly subresource: string;
  /** Collects what the answer's Warning headers say. */
  readonly warnings: string[];
}
