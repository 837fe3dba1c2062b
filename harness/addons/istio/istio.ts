import type { Addon, AddonContext } from "../addon.ts";
import { areReady, hasStandIns, kubeFor, versionOf } from "../in-cluster.ts";
import { createManifestAddon } from "../manifest-addon.ts";
import { mustAnswer } from "../must-answer.ts";
import { installUpstream, uninstallUpstream } from "./upstream.ts";

const namespace = "istio-system";
const deployments = ["deployment/istiod", "deployment/istio-ingressgateway"] as const;

/** The stand-ins of the embedded cluster, by manifests: its nodes have no istioctl to ask. */
const standIns = createManifestAddon({
  name: "istio",
  namespace,
  manifests: ["control-plane.yaml", "ingress-gateway.yaml"].map(
    (name) => new URL(name, import.meta.url),
  ),
  deployments,
  services: ["service/istiod", "service/istio-ingressgateway"],
  mustFlow,
});

/** Istio with an ingress gateway: injects sidecars into namespaces labelled istio-injection=enabled. */
export const istio: Addon = {
  name: "istio",
  isInstalled: (context) => areReady(kubeFor(context, namespace), deployments),
  version: (context) => versionOf(kubeFor(context, namespace), deployments[0]),
  async install(context) {
    const kube = kubeFor(context, namespace);
    if (await hasStandIns(kube)) return standIns.install(context);
    await installUpstream(context);
    await kube.ready([...deployments, "service/istiod", "service/istio-ingressgateway"]);
    return mustFlow(context);
  },
  async uninstall(context) {
    if (await hasStandIns(kubeFor(context, namespace))) return standIns.uninstall(context);
    return uninstallUpstream(context);
  },
};

/** The gateway's own health, through its Service: other ports are closed until a Gateway opens them. */
function mustFlow(context: AddonContext): Promise<void> {
  const service = { namespace, name: "istio-ingressgateway", port: 15_021 };
  return mustAnswer({ ...service, path: "/healthz/ready", status: 200 }, context);
}
