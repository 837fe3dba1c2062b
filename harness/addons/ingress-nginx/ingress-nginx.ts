import { createManifestAddon } from "../manifest-addon.ts";
import { mustAnswer } from "../must-answer.ts";
import { pinned } from "../pinned-images.ts";

const namespace = "ingress-nginx";
const service = { namespace, name: "ingress-nginx-controller", port: 80 };

/** ingress-nginx with IngressClass `nginx` and ways in from outside for HTTP and HTTPS. */
export const ingressNginx = createManifestAddon({
  name: "ingress-nginx",
  namespace,
  manifests: [new URL("controller.yaml", import.meta.url)],
  deployments: ["deployment/ingress-nginx-controller"],
  services: ["service/ingress-nginx-controller"],
  image: pinned,
  // nginx itself answers 404 to a host that no Ingress names.
  mustFlow: (context) => mustAnswer({ ...service, path: "/", status: 404 }, context),
});
