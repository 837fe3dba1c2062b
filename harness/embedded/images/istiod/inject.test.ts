import type { Container, Pod } from "kubernetes-types/core/v1";
import { applyPatch } from "rfc6902";
import { expect, test } from "vitest";
import { inject, unbuiltAnnotation } from "./inject.ts";

const options = { image: "istio/proxyv2:1.31.0", namespace: "lab" };
const tokenMount = {
  name: "kube-api-access-x",
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
  readOnly: true,
};

function podWith(metadata: Pod["metadata"] = {}, container: Partial<Container> = {}): Pod {
  return {
    metadata: {
      generateName: "logic-v1-7d9f-",
      labels: { app: "logic", version: "v1", "pod-template-hash": "7d9f" },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "logic-v1-7d9f",
          uid: "u",
          controller: true,
        },
      ],
      ...metadata,
    },
    spec: {
      initContainers: [{ name: "prepare", image: "busybox" }],
      containers: [
        { name: "logic", image: "kubelab/apps:v1", volumeMounts: [tokenMount], ...container },
      ],
    },
  };
}

function injected(pod: Pod): Pod {
  const copy = structuredClone(pod);
  const operations = inject(pod, options);
  expect(operations).toBeDefined();
  const failures = applyPatch(copy, structuredClone([...(operations ?? [])]));
  expect(failures.filter(Boolean)).toEqual([]);
  return copy;
}

test("adds the proxy as the first init container, one that keeps running", () => {
  const pod = injected(podWith());
  expect(pod.spec?.initContainers?.map((container) => container.name)).toEqual([
    "istio-proxy",
    "prepare",
  ]);
  expect(pod.spec?.initContainers?.[0]).toMatchObject({
    image: "istio/proxyv2:1.31.0",
    restartPolicy: "Always",
    volumeMounts: [tokenMount],
    startupProbe: { httpGet: { path: "/healthz/ready", port: 15021 } },
  });
  expect(pod.spec?.containers).toHaveLength(1);
});

test("marks the pod as one of the mesh and keeps what it was marked with", () => {
  const { metadata } = injected(podWith());
  expect(metadata?.labels).toMatchObject({
    app: "logic",
    "security.istio.io/tlsMode": "istio",
    "service.istio.io/canonical-name": "logic",
    "service.istio.io/canonical-revision": "v1",
  });
  expect(metadata?.annotations).toMatchObject({ "istio.io/rev": "default" });
  expect(metadata?.annotations?.["sidecar.istio.io/status"]).toContain("istio-proxy");
});

test("points the app's probes at the agent and tells the agent where they went", () => {
  const pod = injected(
    podWith(
      {},
      {
        ports: [{ name: "web", containerPort: 8080 }],
        readinessProbe: { httpGet: { path: "/healthz", port: "web" }, periodSeconds: 2 },
        livenessProbe: { exec: { command: ["true"] } },
      },
    ),
  );
  const [container] = pod.spec?.containers ?? [];
  expect(container?.readinessProbe).toEqual({
    httpGet: { path: "/app-health/logic/readyz", port: 15020, scheme: "HTTP" },
    periodSeconds: 2,
  });
  expect(container?.livenessProbe).toEqual({ exec: { command: ["true"] } });
  const env = pod.spec?.initContainers?.[0]?.env ?? [];
  const told = env.find((variable) => variable.name === "ISTIO_KUBE_APP_PROBERS")?.value;
  expect(JSON.parse(told ?? "")).toEqual({
    "/app-health/logic/readyz": { httpGet: { path: "/healthz", port: 8080 } },
  });
});

test("leaves probes alone where the pod asks for it", () => {
  const probe = { httpGet: { path: "/healthz", port: 8080 } };
  const annotations = { "sidecar.istio.io/rewriteAppHTTPProbers": "false" };
  const pod = injected(podWith({ annotations }, { readinessProbe: probe }));
  expect(pod.spec?.containers[0]?.readinessProbe).toEqual(probe);
});

test("names the workload after the Deployment", () => {
  const env = injected(podWith()).spec?.initContainers?.[0]?.env ?? [];
  expect(env).toContainEqual({ name: "ISTIO_META_WORKLOAD_NAME", value: "logic-v1" });
});

test("injects nothing where the pod opts out, by label before annotation", () => {
  const off = { "sidecar.istio.io/inject": "false" };
  const on = { "sidecar.istio.io/inject": "true" };
  expect(inject(podWith({ labels: off }), options)).toBeUndefined();
  expect(inject(podWith({ annotations: off }), options)).toBeUndefined();
  expect(inject(podWith({ labels: off, annotations: on }), options)).toBeUndefined();
  expect(inject(podWith({ labels: on, annotations: off }), options)).toBeDefined();
});

test("injects nothing in Kubernetes' own namespaces, on the host's network, or twice", () => {
  expect(inject(podWith(), { ...options, namespace: "kube-system" })).toBeUndefined();
  const pod = podWith();
  expect(
    inject({ ...pod, spec: { ...pod.spec, hostNetwork: true } } as Pod, options),
  ).toBeUndefined();
  expect(inject(injected(podWith()), options)).toBeUndefined();
});

test("knows the annotations that ask for what is not built", () => {
  expect(unbuiltAnnotation(podWith())).toBeUndefined();
  const annotations = { "inject.istio.io/templates": "grpc-agent" };
  expect(unbuiltAnnotation(podWith({ annotations }))).toBe("inject.istio.io/templates");
});
