import type { WorkloadCa } from "./workload-ca.ts";

/** What a proxy asks for: a certificate for the key it made. */
export interface SigningRequest {
  readonly publicKey: string;
}

/** What it gets: its certificate and the authority that its peers' certificates must come from. */
export interface SigningAnswer {
  readonly certificate: string;
  readonly rootCertificate: string;
}

/** Tells whose token this is ("system:serviceaccount:<namespace>:<name>"); undefined where it is nobody's. */
export type TokenReviewer = (token: string) => Promise<string | undefined>;

export interface SignOptions {
  readonly ca: WorkloadCa;
  readonly trustDomain: string;
  readonly reviewToken: TokenReviewer;
  readonly nowMs: () => number;
}

/** Certifies the identity that the token proves, and no other; undefined where it proves none. */
export async function signWorkload(
  authorization: string | undefined,
  request: SigningRequest,
  options: SignOptions,
): Promise<SigningAnswer | undefined> {
  const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
  const user = token === undefined ? undefined : await options.reviewToken(token);
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? "") ?? [];
  if (!namespace || !account) return undefined;
  const uri = `spiffe://${options.trustDomain}/ns/${namespace}/sa/${account}`;
  const { ca, nowMs } = options;
  return {
    certificate: ca.issueWorkload(request.publicKey, uri, nowMs()),
    rootCertificate: ca.material.certificate,
  };
}
