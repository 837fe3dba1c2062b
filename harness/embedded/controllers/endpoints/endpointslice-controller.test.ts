import type { Pod, Service } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { endpoints, endpointSlices, pods, services } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "web" };

function service(spec: Service["spec"] = {}, name = "web"): Service {
  return {
    metadata: { namespace: "lab", name },
    spec: {
      clusterIP: "10.96.0.7",
      selector: { app: "web" },
      ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
      ...spec,
    },
  };
}

function pod(name: string, spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod {
  return {
    metadata: { namespace: "lab", name, labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "bb:1" }], ...spec },
  };
}

async function started(...objects: readonly Service[]): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  for (const object of objects) await cluster.client.create(services, object);
  await cluster.settle();
  return cluster;
}

async function addPod(cluster: TestCluster, made: Pod): Promise<Pod> {
  const created = await cluster.client.create(pods, made);
  await cluster.settle();
  return created;
}

test("a Service without pods has one slice without endpoints and ports", async () => {
  await using cluster = await started(service());
  const [slice, ...others] = await cluster.list(endpointSlices, "lab");
  expect(others).toEqual([]);
  expect(slice).toMatchObject({ addressType: "IPv4", endpoints: null, ports: null });
  expect(slice?.metadata).toMatchObject({
    name: expect.stringMatching(/^web-\w{5}$/),
    generateName: "web-",
    annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
    labels: {
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      "kubernetes.io/service-name": "web",
    },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", controller: true }],
  });
});

test("a pod enters not ready, becomes ready, then terminating, and leaves the same slice", async () => {
  await using cluster = await started(service());
  const made = await addPod(cluster, pod("a"));
  const seen: unknown[] = [];
  const look = async (): Promise<void> => {
    await cluster.settle();
    const [slice] = await cluster.list(endpointSlices, "lab");
    seen.push(slice?.endpoints?.[0]?.conditions ?? null);
  };
  await cluster.report(made, { ready: false });
  await look();
  await cluster.report(made, { ready: true });
  await look();
  await cluster.client.delete(pods, { namespace: "lab", name: "a" });
  await look();
  await cluster.removePod(made);
  await look();
  expect(seen).toEqual([
    { ready: false, serving: false, terminating: false },
    { ready: true, serving: true, terminating: false },
    { ready: false, serving: true, terminating: true },
    null,
  ]);
});

test("publishNotReadyAddresses calls every endpoint ready, but serving only what is", async () => {
  await using cluster = await started(service({ publishNotReadyAddresses: true }));
  await cluster.report(await addPod(cluster, pod("a")), { ready: false });
  await cluster.settle();
  const [slice] = await cluster.list(endpointSlices, "lab");
  expect(slice?.endpoints?.[0]?.conditions).toEqual({
    ready: true,
    serving: false,
    terminating: false,
  });
});

test("a named port is looked up in each pod, and pods that number it differently get slices of their own", async () => {
  await using cluster = await started(service({ ports: [{ port: 80, targetPort: "web" }] }));
  for (const [name, containerPort] of [
    ["a", 8080],
    ["b", 9090],
  ] as const) {
    const ports = [{ name: "web", containerPort, protocol: "TCP" as const }];
    const made = pod(name, { containers: [{ name: "web", image: "bb:1", ports }] });
    await cluster.report(await addPod(cluster, made), { ready: true });
  }
  await cluster.settle();
  const slices = await cluster.list(endpointSlices, "lab");
  const found = slices.map(({ ports }) => ports?.map(({ name, port }) => `${name}:${port}`));
  expect(new Set(found.flat())).toEqual(new Set([":8080", ":9090"]));
});

test("a headless Service marks its slice and gives its governed pods their hostname", async () => {
  await using cluster = await started(service({ clusterIP: "None" }));
  const made = pod("a", { hostname: "a", subdomain: "web" });
  await cluster.report(await addPod(cluster, made), { ready: true });
  await cluster.settle();
  const [slice] = await cluster.list(endpointSlices, "lab");
  expect(slice?.metadata?.labels).toMatchObject({ "service.kubernetes.io/headless": "" });
  expect(slice?.endpoints?.[0]?.hostname).toBe("a");
});

test("the 101st endpoint opens a second slice", async () => {
  await using cluster = await started(service());
  for (let index = 0; index <= 100; index++) {
    const made = await cluster.client.create(pods, pod(`p${index}`, { nodeName: "node" }));
    await cluster.report(made, { ready: true });
  }
  await cluster.settle();
  const slices = await cluster.list(endpointSlices, "lab");
  const sizes = slices.map((slice) => slice.endpoints?.length ?? 0);
  expect(sizes.toSorted((one, other) => one - other)).toEqual([1, 100]);
});

test("the slices of a deleted Service are collected", async () => {
  await using cluster = await started(service());
  await cluster.client.delete(services, key);
  await cluster.settle();
  expect(await cluster.list(endpointSlices, "lab")).toEqual([]);
  expect(await cluster.list(endpoints, "lab")).toEqual([]);
});

test("the Endpoints object tells ready addresses from those that are not, and forgets terminating ones", async () => {
  await using cluster = await started(service());
  const a = await addPod(cluster, pod("a"));
  const b = await addPod(cluster, pod("b"));
  await cluster.report(a, { ready: true });
  await cluster.report(b, { ready: false });
  await cluster.settle();
  const [subset] = (await cluster.client.get(endpoints, key)).subsets ?? [];
  expect(subset?.addresses?.map(({ targetRef }) => targetRef?.name)).toEqual(["a"]);
  expect(subset?.notReadyAddresses?.map(({ targetRef }) => targetRef?.name)).toEqual(["b"]);
  expect(subset?.ports).toEqual([{ name: "http", port: 8080, protocol: "TCP" }]);
  await cluster.client.delete(pods, { namespace: "lab", name: "a" });
  await cluster.settle();
  const [after] = (await cluster.client.get(endpoints, key)).subsets ?? [];
  expect(after?.addresses).toBeUndefined();
});

test("Endpoints written by hand for a Service without selector are mirrored into a slice", async () => {
  const { spec, ...rest } = service();
  const { selector: _, ...selectorless } = spec ?? {};
  await using cluster = await started({ ...rest, spec: selectorless });
  expect(await cluster.list(endpointSlices, "lab")).toEqual([]);
  await cluster.client.create(endpoints, {
    metadata: {
      ...key,
      annotations: { note: "ours", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    subsets: [{ addresses: [{ ip: "192.0.2.7" }], ports: [{ name: "http", port: 8080 }] }],
  });
  await cluster.settle();
  const [slice] = await cluster.list(endpointSlices, "lab");
  expect(slice).toMatchObject({
    endpoints: [{ addresses: ["192.0.2.7"], conditions: { ready: true } }],
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  });
  expect(slice?.metadata?.annotations).toEqual({ note: "ours" });
  await cluster.client.delete(endpoints, key);
  await cluster.settle();
  expect(await cluster.list(endpointSlices, "lab")).toEqual([]);
});
