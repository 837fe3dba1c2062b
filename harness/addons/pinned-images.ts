import { pinnedReference, publicImages } from "../clusters/public-images.ts";
import type { Kube } from "../kube/kube.ts";
import { hasStandIns } from "./in-cluster.ts";

/** The image by its digest where that is known; stand-ins have digests of their own. */
export async function pinned(reference: string, kube: Kube): Promise<string> {
  const known = publicImages.find((image) => image.reference === reference);
  if (known === undefined || (await hasStandIns(kube))) return reference;
  return pinnedReference(known);
}
