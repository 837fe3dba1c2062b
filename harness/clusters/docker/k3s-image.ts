/** The overlap of ingress-nginx 1.15, client-node 2.0 and Istio 1.30/1.31. */
const defaultK3sImage = "rancher/k3s:v1.35.8-k3s1";

/** The k3s image to use: KUBELAB_K3S_IMAGE (another tag, a mirror, one built here), else the pinned one. */
export function k3sImage(): string {
  return process.env["KUBELAB_K3S_IMAGE"] ?? defaultK3sImage;
}
