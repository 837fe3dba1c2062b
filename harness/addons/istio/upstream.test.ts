import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { kubeFor } from "../in-cluster.ts";
import { startForeignCluster } from "../foreign-cluster.fixture.ts";
import { runInstaller } from "../installer-job.ts";
import { istio } from "./istio.ts";

const { signal } = new AbortController();

test("Istio's own installer runs as a Job, leaves only Istio, and takes it away again", async () => {
  await using cluster = await startForeignCluster(signal);
  const told: string[] = [];
  const context = { ...cluster.context, onProgress: (text: string) => void told.push(text) };
  const kube = kubeFor(context, "istio-system");
  const before = await names(kube);

  expect(await istio.isInstalled(context)).toBe(false);
  await istio.install(context);
  expect(told).toContain("istio: docker.io/istio/istioctl:1.31.0 install");
  expect(await istio.isInstalled(context)).toBe(true);
  expect(await istio.version(context)).toBe("1.31.0");
  expect(await kube.exists("namespace/kubelab-installer-istio")).toBe(false);
  expect(await kube.exists("clusterrolebinding/kubelab-installer-istio")).toBe(false);

  await istio.uninstall(context);
  expect(await names(kube)).toEqual(before);
  await istio.uninstall(context);
}, 90_000);

test("an installer that fails is told in its own words, and its rights are gone", async () => {
  await using cluster = await startForeignCluster(signal);
  const kube = kubeFor(cluster.context, "istio-system");
  const broken = { name: "istio", image: "docker.io/istio/istioctl:1.31.0", args: ["instal"] };
  await expect(runInstaller(broken, cluster.context)).rejects.toMatchObject({
    code: "ADDON_FAILED",
    message: expect.stringContaining('unknown command "instal" for "istioctl"') as string,
  });
  expect(await kube.exists("namespace/kubelab-installer-istio")).toBe(false);
  expect(await kube.exists("clusterrolebinding/kubelab-installer-istio")).toBe(false);
}, 60_000);

test("an image that the nodes cannot pull is told at once, with what to do", async () => {
  const folder = fileURLToPath(new URL("../../embedded/images/busybox", import.meta.url));
  await using cluster = await startForeignCluster(signal, [folder]);
  await expect(istio.install(cluster.context)).rejects.toMatchObject({
    code: "ADDON_FAILED",
    message: expect.stringMatching(/cannot begin: (ErrImagePull|ImagePullBackOff)/) as string,
    advice: "Let the cluster's nodes reach docker.io/istio/istioctl:1.31.0, or a mirror of it.",
  });
}, 60_000);

test("somebody's istio-system is neither overwritten nor removed", async () => {
  await using cluster = await startForeignCluster(signal);
  const kube = kubeFor(cluster.context, "istio-system");
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
  await kube.api.request("POST", "/api/v1/namespaces", { body });
  await expect(istio.install(cluster.context)).rejects.toThrow(
    "namespace istio-system is there already, but not with a working istio as labs need it",
  );
  await istio.uninstall(cluster.context);
  expect(await kube.exists("namespace/istio-system")).toBe(true);
}, 60_000);

/** Everything that an add-on may leave: by kind and name. */
async function names(kube: ReturnType<typeof kubeFor>): Promise<readonly string[]> {
  const kinds = [
    "namespaces",
    "clusterroles",
    "clusterrolebindings",
    "mutatingwebhookconfigurations",
    "ingressclasses",
  ];
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const objects = await kube.list(kind);
      return objects.map(({ metadata }) => `${kind}/${metadata?.name}`);
    }),
  );
  return found.flat().toSorted();
}
