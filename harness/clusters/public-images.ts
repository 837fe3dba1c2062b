/** A public image that labs, add-ons or clusters use. */
export interface PublicImage {
  /** As manifests name it. */
  readonly reference: string;
  /** Of the multi-platform index, as public projects pin it; absent where none was found. */
  readonly digest?: string;
  readonly neededBy: "k3s" | "labs" | "ingress-nginx" | "istio" | "build" | "k3s-node";
}

/** Every image that a run may pull: for offline rooms, mirrors, and pinning. */
export const publicImages: readonly PublicImage[] = [
  {
    // The overlap of ingress-nginx 1.15, client-node 2.0 and Istio 1.30/1.31.
    reference: "rancher/k3s:v1.35.8-k3s1",
    digest: "sha256:59fe491fd3b73204e499e40b325240d85c42c7189c3ae50150d37b78243f3b32",
    neededBy: "k3s",
  },
  {
    reference: "node:24-alpine",
    digest: "sha256:50c8e8ca1d27439048670df5883f32d57cf81cff6233222c893fd0d9884cbd81",
    neededBy: "build",
  },
  {
    reference: "nginx:1.27-alpine",
    digest: "sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10",
    neededBy: "labs",
  },
  {
    reference: "redis:7-alpine",
    digest: "sha256:6ab0b6e7381779332f97b8ca76193e45b0756f38d4c0dcda72dbb3c32061ab99",
    neededBy: "labs",
  },
  {
    reference: "registry.k8s.io/ingress-nginx/controller:v1.15.1",
    digest: "sha256:594ceea76b01c592858f803f9ff4d2cb40542cae2060410b2c95f75907d659e1",
    neededBy: "ingress-nginx",
  },
  { reference: "docker.io/istio/istioctl:1.31.0", neededBy: "istio" },
  { reference: "docker.io/istio/pilot:1.31.0", neededBy: "istio" },
  { reference: "docker.io/istio/proxyv2:1.31.0", neededBy: "istio" },
  // What the pinned k3s pulls for itself: without these two no pod starts and no name resolves.
  { reference: "rancher/mirrored-pause:3.10.2", neededBy: "k3s-node" },
  { reference: "rancher/mirrored-coredns-coredns:1.14.6", neededBy: "k3s-node" },
];

/** The name by which an image is pulled: with its digest where that is known, so that it cannot be another. */
export function pinnedReference({ reference, digest }: PublicImage): string {
  return digest === undefined ? reference : `${reference}@${digest}`;
}
