/** What a rule does at one truth. */
export interface RuleOutcome {
  readonly pass: number;
  readonly fail: number;
  readonly inconclusive: number;
  readonly meanRequests: number;
  readonly p99Requests: number;
}
