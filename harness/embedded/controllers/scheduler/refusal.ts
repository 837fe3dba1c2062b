/** Why a pod cannot go to a node; `lasting` where evicting other pods would not help. */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly lasting: boolean;
}
