import { request } from "undici";
import type { Kube } from "../../kube/kube.ts";
import { systemClock } from "../../time/clock.ts";
import type { AddonContext } from "../addon.ts";
import { createManifestAddon } from "../manifest-addon.ts";

const service = "service/ingress-nginx-controller";

/** ingress-nginx with IngressClass `nginx` and ways in from outside for HTTP and HTTPS. */
export const ingressNginx = createManifestAddon({
  name: "ingress-nginx",
  namespace: "ingress-nginx",
  manifests: [new URL("controller.yaml", import.meta.url)],
  deployments: ["deployment/ingress-nginx-controller"],
  services: [service],
  mustFlow,
});

/** Asks from outside until nginx itself answers: the controller may be ready before its Service leads to it. */
async function mustFlow(kube: Kube, { signal, onProgress }: AddonContext): Promise<void> {
  const deadlineMs = systemClock.now() + 30_000;
  for (let last = "no address yet"; ;) {
    const { metadata } = await kube.get(service);
    const outside = metadata?.annotations?.["kubelab.dev/outside"];
    const address = outside && (JSON.parse(outside) as Record<string, string>)["80"];
    if (address) last = await ask(`http://${address}/`, signal);
    if (last === "404") return;
    if (systemClock.now() > deadlineMs)
      throw new Error(`ingress-nginx does not answer from outside after 30 s; last: ${last}`);
    onProgress?.(`ingress-nginx from outside: ${last}`);
    await systemClock.sleep(100, signal);
  }
}

/** The status as text, or why there was none. */
async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const { statusCode, body } = await request(url, {
      signal,
      headers: { host: "nobody.invalid" },
    });
    await body.dump();
    return String(statusCode);
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}
