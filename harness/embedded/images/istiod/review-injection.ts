import type { Pod } from "kubernetes-types/core/v1";
import { inject, unbuiltAnnotation } from "./inject.ts";

/** What the API server sends a webhook. */
export interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request?: {
    readonly uid: string;
    readonly namespace?: string;
    readonly operation?: string;
    readonly object?: Pod;
  };
}

/** Answers an AdmissionReview for a new pod: with a JSON Patch, a refusal, or nothing to do. */
export function reviewInjection(review: AdmissionReview, image: string): unknown {
  const { request } = review;
  if (!request) throw new Error("the AdmissionReview has no request");
  const answer = (response: object): unknown => ({
    apiVersion: review.apiVersion,
    kind: review.kind,
    response: { uid: request.uid, ...response },
  });
  const pod = request.object;
  if (!pod) return answer({ allowed: true });
  const operations = inject(pod, { image, namespace: request.namespace ?? "default" });
  if (!operations) return answer({ allowed: true });
  const unbuilt = unbuiltAnnotation(pod);
  if (unbuilt !== undefined) {
    const message = `the annotation ${unbuilt} is not supported by the embedded cluster's Istio`;
    return answer({ allowed: false, status: { code: 400, message } });
  }
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return answer({ allowed: true, patchType: "JSONPatch", patch });
}
