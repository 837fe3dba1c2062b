import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startForeignCluster } from "../foreign-cluster.fixture.ts";
import { kubeFor } from "../in-cluster.ts";
import { pinned } from "../pinned-images.ts";
import { ingressNginx } from "./ingress-nginx.ts";

const { signal } = new AbortController();
const controller = "registry.k8s.io/ingress-nginx/controller:v1.15.1";

test("on a cluster that is not embedded the same manifests serve, and leave nothing", async () => {
  await using cluster = await startForeignCluster(signal);
  const kube = kubeFor(cluster.context, "ingress-nginx");
  await ingressNginx.install(cluster.context);
  expect(await ingressNginx.version(cluster.context)).toBe("v1.15.1");
  expect(await ingressNginx.isInstalled(cluster.context)).toBe(true);
  await ingressNginx.uninstall(cluster.context);
  for (const target of [
    "namespace/ingress-nginx",
    "ingressclass/nginx",
    "clusterrole/ingress-nginx",
    "clusterrolebinding/ingress-nginx",
  ])
    expect(await kube.exists(target)).toBe(false);
}, 60_000);

test("an image is asked for by its digest, unless the nodes have it from a file", async () => {
  await using cluster = await startForeignCluster(signal);
  expect(await pinned(controller, kubeFor(cluster.context, "default"), {})).toBe(controller);
  const busybox = fileURLToPath(new URL("../../embedded/images/busybox", import.meta.url));
  await using bare = await startForeignCluster(signal, [busybox]);
  const kube = kubeFor(bare.context, "default");
  expect(await pinned(controller, kube, {})).toMatch(/:v1\.15\.1@sha256:594ceea7/);
  expect(await pinned("example.com/unknown:1", kube, {})).toBe("example.com/unknown:1");
}, 60_000);

test("an image that was just loaded from a file is used, though no node's status lists it yet", async () => {
  const busybox = fileURLToPath(new URL("../../embedded/images/busybox", import.meta.url));
  await using bare = await startForeignCluster(signal, [busybox]);
  const wasLoaded = (reference: string): boolean => reference === controller;
  const installing = new AbortController();
  const context = { ...bare.context, wasLoaded, signal: installing.signal };
  const ended = ingressNginx.install(context).catch(() => undefined);
  const kube = kubeFor(bare.context, "ingress-nginx");
  const image = async (): Promise<unknown> => {
    if (!(await kube.exists("deployment/ingress-nginx-controller"))) return undefined;
    const { spec } = await kube.get("deployment/ingress-nginx-controller");
    return spec?.template?.spec?.containers[0]?.image;
  };
  await expect.poll(image, { timeout: 20_000 }).toBe(controller);
  installing.abort();
  await ended;
}, 60_000);

test("somebody's ingress-nginx that does not work is neither overwritten nor removed", async () => {
  await using cluster = await startForeignCluster(signal);
  const kube = kubeFor(cluster.context, "ingress-nginx");
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ingress-nginx" } };
  await kube.api.request("POST", "/api/v1/namespaces", { body });
  await expect(ingressNginx.install(cluster.context)).rejects.toMatchObject({
    code: "ADDON_FAILED",
    advice: "Repair or remove what is in ingress-nginx, or use another cluster.",
  });
  await ingressNginx.uninstall(cluster.context);
  expect(await kube.exists("namespace/ingress-nginx")).toBe(true);
}, 60_000);
