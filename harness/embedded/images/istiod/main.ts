import { systemClock } from "../../../time/clock.ts";
import { createInClusterClient } from "../../http-client.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import { loadAuthority, publishToNamespaces, publishToWebhook } from "./publish-authority.ts";
import { type AdmissionReview, reviewInjection } from "./review-injection.ts";
import { serveJson, serveTexts } from "./serve.ts";
import { type SigningRequest, signWorkload } from "./sign-certificates.ts";

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username?: string };
  };
}

const tokenReviews: Resource<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};

/** istiod: puts sidecars into pods and certifies workloads. Proxies read their configuration from the API. */
async function main(): Promise<void> {
  const log = (message: string): void => void process.stdout.write(`${message}\n`);
  const client = createInClusterClient();
  const nowMs = (): number => systemClock.now();
  const image = process.env["PROXY_IMAGE"] ?? "istio/proxyv2:1.31.0";
  const trustDomain = process.env["TRUST_DOMAIN"] ?? "cluster.local";
  const counts = { injections: 0, certificates: 0 };
  serveTexts(15014, { "/metrics": () => [200, metrics(counts)] });

  const ca = await loadAuthority(client, nowMs());
  const names = ["istiod.istio-system.svc", "istiod.istio-system.svc.cluster.local"];
  const credentials = ca.issueServer(names, nowMs());
  serveJson(15017, "/inject", credentials, async (body) => {
    counts.injections += 1;
    return { status: 200, body: reviewInjection(body as AdmissionReview, image) };
  });
  const reviewToken = async (token: string): Promise<string | undefined> => {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview" };
    const { status } = await client.create(tokenReviews, { ...review, spec: { token } });
    return status?.authenticated ? status.user?.username : undefined;
  };
  serveJson(15012, "/sign", credentials, async (body, request) => {
    const { authorization } = request.headers;
    const options = { ca, trustDomain, reviewToken, nowMs };
    const answer = await signWorkload(authorization, body as SigningRequest, options);
    if (!answer) return { status: 401, body: { message: "the token proves no service account" } };
    counts.certificates += 1;
    return { status: 200, body: answer };
  });
  const publishing = {
    signal: new AbortController().signal,
    onError: (error: unknown) => log(`publishing the mesh's authority: ${String(error)}`),
  };
  publishToNamespaces(client, ca.material.certificate, publishing);
  await publishToWebhook(client, ca.material.certificate, publishing);
  // Opened last: a probe that is refused while a program boots is tried again at once, an answer of 503 is not.
  serveTexts(8080, { "/ready": () => [200, ""] });
  log("istiod is ready");
  process.once("SIGTERM", () => process.exit(0));
}

function metrics(counts: { readonly injections: number; readonly certificates: number }): string {
  return [
    "# TYPE sidecar_injection_requests_total counter",
    `sidecar_injection_requests_total ${counts.injections}`,
    "# TYPE citadel_server_success_cert_issuance_count counter",
    `citadel_server_success_cert_issuance_count ${counts.certificates}`,
    "",
  ].join("\n");
}

await main();
