import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { signWorkload } from "./sign-certificates.ts";
import { WorkloadCa } from "./workload-ca.ts";

const nowMs = Date.parse("2026-11-20T10:00:00Z");

function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

test("issues a certificate for the workload's own key with its SPIFFE name", () => {
  const ca = WorkloadCa.create(nowMs);
  const publicKey = newPublicKey();
  const uri = "spiffe://cluster.local/ns/lab/sa/default";
  const certificate = new X509Certificate(ca.issueWorkload(publicKey, uri, nowMs));
  expect(certificate.subjectAltName).toBe(`URI:${uri}`);
  expect(certificate.publicKey.export({ type: "spki", format: "pem" })).toBe(publicKey);
  const authority = new X509Certificate(ca.material.certificate);
  expect(authority.ca).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
});

test("stays the same authority when it is loaded again", () => {
  const ca = WorkloadCa.create(nowMs);
  const loaded = WorkloadCa.load(ca.material);
  const certificate = new X509Certificate(loaded.issueServer(["a.svc"], nowMs).certificate);
  expect(certificate.verify(new X509Certificate(ca.material.certificate).publicKey)).toBe(true);
  expect(certificate.subjectAltName).toBe("DNS:a.svc");
});

test("certifies the account that the token proves, and nothing without one", async () => {
  const options = {
    ca: WorkloadCa.create(nowMs),
    trustDomain: "cluster.local",
    nowMs: () => nowMs,
    reviewToken: async (token: string) =>
      ({ good: "system:serviceaccount:lab:access", human: "kubernetes-admin" })[token],
  };
  const request = { publicKey: newPublicKey() };
  const answer = await signWorkload("Bearer good", request, options);
  const certificate = new X509Certificate(answer?.certificate ?? "");
  expect(certificate.subjectAltName).toBe("URI:spiffe://cluster.local/ns/lab/sa/access");
  expect(await signWorkload("Bearer bad", request, options)).toBeUndefined();
  expect(await signWorkload("Bearer human", request, options)).toBeUndefined();
  expect(await signWorkload(undefined, request, options)).toBeUndefined();
});
