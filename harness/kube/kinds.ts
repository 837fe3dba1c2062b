import { LabError } from "../errors/lab-error.ts";
import { closest } from "../errors/closest.ts";
import { isNotFound } from "./api-error.ts";
import type { KubeApi } from "./connection.ts";

/** One kind that the cluster serves and where its objects live. */
export interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
}

/** Finds the kinds that a cluster serves; asks the cluster once and again when a name is missing. */
export interface KindIndex {
  /** By what a manifest says. `undefined` where the cluster does not serve it. */
  byManifest(apiVersion: string, kind: string): Promise<ServedKind | undefined>;
  /** By what a person says: `deploy`, `pods`, `virtualservice`. */
  byName(name: string): Promise<ServedKind>;
  /** Every kind name served, for suggestions. */
  names(): Promise<readonly string[]>;
}

interface DiscoveryResource {
  readonly name: string;
  readonly singularName?: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
}

/** Creates the index; nothing is asked of the cluster before the first look-up. */
export function createKindIndex(api: KubeApi): KindIndex {
  let known: Promise<readonly ServedKind[]> | undefined;
  async function find(matches: (kind: ServedKind) => boolean): Promise<ServedKind | undefined> {
    const first = (await (known ??= discover(api))).find(matches);
    if (first) return first;
    // An add-on may have brought new kinds since.
    known = discover(api);
    return (await known).find(matches);
  }
  return {
    byManifest: (apiVersion, kind) =>
      find((served) => served.apiVersion === apiVersion && served.kind === kind),
    async byName(name) {
      const wanted = name.toLowerCase();
      const found = await find(
        (kind) =>
          kind.plural === wanted ||
          kind.singular === wanted ||
          kind.kind.toLowerCase() === wanted ||
          kind.shortNames.includes(wanted),
      );
      if (found) return found;
      const names = (await (known ?? discover(api))).map((kind) => kind.singular);
      const near = closest(wanted, names);
      throw new LabError(
        "LAB_USAGE",
        `The cluster serves no kind "${name}"${near.length > 0 ? `; did you mean ${near.join(", ")}?` : ""}`,
      );
    },
    names: async () => (await (known ??= discover(api))).map((kind) => kind.kind),
  };
}

/** The path of a kind's collection, or of one object where `name` is given. */
export function pathOf(kind: ServedKind, namespace: string | undefined, name?: string): string {
  const root = kind.apiVersion.includes("/")
    ? `/apis/${kind.apiVersion}`
    : `/api/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

async function discover(api: KubeApi): Promise<readonly ServedKind[]> {
  const groups = await api.request<{ groups: { versions: { groupVersion: string }[] }[] }>(
    "GET",
    "/apis",
  );
  const versions = groups.groups.flatMap((group) => group.versions.map((v) => v.groupVersion));
  const lists = await Promise.all(["v1", ...versions].map((version) => listKinds(api, version)));
  return lists.flat();
}

async function listKinds(api: KubeApi, apiVersion: string): Promise<readonly ServedKind[]> {
  const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  try {
    const list = await api.request<{ resources: DiscoveryResource[] }>("GET", path);
    return list.resources
      .filter((resource) => !resource.name.includes("/"))
      .map((resource) => ({
        apiVersion,
        kind: resource.kind,
        plural: resource.name,
        singular: resource.singularName || resource.kind.toLowerCase(),
        namespaced: resource.namespaced,
        shortNames: resource.shortNames ?? [],
      }));
  } catch (error) {
    // A group can be announced while the server behind it is away; the others still work.
    if (isNotFound(error)) return [];
    throw error;
  }
}
