import { publicImages } from "../public-images.ts";

/** The k3s image to use: KUBELAB_K3S_IMAGE (another tag, a mirror, one built here), else the pinned one. */
export function k3sImage(): string {
  const pinned = publicImages.find(({ neededBy }) => neededBy === "k3s");
  return process.env["KUBELAB_K3S_IMAGE"] ?? pinned?.reference ?? "";
}
