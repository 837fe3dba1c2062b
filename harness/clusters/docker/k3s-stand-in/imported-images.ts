import { fileURLToPath } from "node:url";

/** The images that the node is born with: stand-ins for public ones. */
export const ownImages = ["../../../embedded/images", "images"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Where the node keeps the images that were brought to it: a folder with an image.json each. */
export const importedImages = "/var/lib/rancher/k3s/agent/containerd/images";
