/** Where the node keeps the images that were brought to it: a folder with an image.json each. */
export const importedImages = "/var/lib/rancher/k3s/agent/containerd/images";
