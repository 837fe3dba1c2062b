import { pinnedReference, publicImages } from "../clusters/public-images.ts";
import type { Kube } from "../kube/kube.ts";
import type { AddonContext } from "./addon.ts";

/** The image by its digest where that is known; by its tag where the nodes have it already, from a file. */
export async function pinned(
  reference: string,
  kube: Kube,
  { wasLoaded }: Pick<AddonContext, "wasLoaded">,
): Promise<string> {
  const known = publicImages.find((image) => image.reference === reference);
  if (known === undefined || wasLoaded?.(reference)) return reference;
  const nodes = await kube.list("nodes");
  const isThere = nodes.every(({ status }) =>
    (status?.images ?? []).some(({ names }) => names?.includes(reference)),
  );
  return isThere ? reference : pinnedReference(known);
}
