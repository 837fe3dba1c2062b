import type { Deployment } from "kubernetes-types/apps/v1";
import type { Pod, Service } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import type { KubeObject } from "../../resource.ts";
import { deployments, pods, serviceAccounts, services } from "../../resources.ts";
import { createApiServer } from "../api-server.ts";
import { goldenJson } from "../golden.fixture.ts";

const applied = "kubectl.kubernetes.io/last-applied-configuration";

interface Recorded {
  readonly deployment: Deployment;
  readonly service: Service;
  readonly pod: Pod;
}

const recorded = goldenJson("defaults.json") as Recorded;

/** What kubectl sent to make the recorded object. */
function sent<T extends KubeObject>(object: T): T {
  return JSON.parse(object.metadata?.annotations?.[applied] ?? "") as T;
}

test("a Deployment is filled in as the recorded one", async () => {
  const { client } = createApiServer();
  const input = sent(recorded.deployment);
  const made = await client.create(deployments, {
    ...input,
    metadata: { ...input.metadata, namespace: "default" },
  });
  expect(made.spec).toEqual(recorded.deployment.spec);
  expect(made.status).toEqual(recorded.deployment.status);
  expect(made.metadata?.generation).toBe(1);
});

test("a Service is filled in as the recorded one", async () => {
  const { client } = createApiServer();
  const input = sent(recorded.service);
  const made = await client.create(services, {
    ...input,
    metadata: { ...input.metadata, namespace: "default" },
  });
  const { clusterIP, clusterIPs, ...spec } = made.spec ?? {};
  const { clusterIP: _, clusterIPs: __, ...expected } = recorded.service.spec ?? {};
  expect(spec).toEqual(expected);
  expect(clusterIPs).toEqual([clusterIP]);
  expect(clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
  expect(made.status).toEqual(recorded.service.status);
});

test("a pod gets its service account's token, tolerations and defaults as the recorded one", async () => {
  const { client } = createApiServer();
  await client.create(serviceAccounts, { metadata: { name: "default", namespace: "default" } });
  const input = sent(recorded.pod);
  const made = await client.create(pods, {
    ...input,
    metadata: { ...input.metadata, namespace: "default" },
  });
  const plain = (pod: Pod) =>
    JSON.parse(JSON.stringify(pod.spec).replaceAll(/kube-api-access-\w{5}/g, "TOKEN")) as unknown;
  expect(plain(made)).toEqual(plain(recorded.pod));
  expect(made.status).toEqual(recorded.pod.status);
});

test("a Service that becomes an ExternalName keeps nothing of what was given out to it", async () => {
  const { client } = createApiServer();
  const key = { namespace: "default", name: "out" };
  await client.create(services, {
    metadata: { ...key },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  });
  const body = { spec: { type: "ExternalName", externalName: "example.test" } };
  const { spec } = await client.patch(services, key, { type: "merge", body });
  expect(spec).toEqual({
    type: "ExternalName",
    externalName: "example.test",
    internalTrafficPolicy: "Cluster",
    ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    sessionAffinity: "None",
  });
});
