import { createHash } from "node:crypto";
import { noSuchResource } from "../errors/api-errors.ts";
import type { Subresource } from "../kinds/kind.ts";
import type { ServedKind } from "../rest/served-kinds.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const partVerbs = ["get", "patch", "update"];

/** A resource that takes a POST and keeps nothing. */
export interface ActionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Says what the API serves, in the old form (a document a version) and the new (one for all). */
export class Discovery {
  readonly #served: () => readonly ServedKind[];
  readonly #actions: readonly ActionKind[];

  constructor(served: () => readonly ServedKind[], actions: readonly ActionKind[]) {
    this.#served = served;
    this.#actions = actions;
  }

  /** /api */
  coreVersions(serverAddress: string): object {
    return {
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
    };
  }

  /** /apis */
  groups(): object {
    const names = [...this.#groups().keys()].filter((name) => name !== "");
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: names.map((name) => this.#group(name)),
    };
  }

  /** /apis/GROUP */
  group(name: string): object {
    if (!this.#groups().has(name)) throw noSuchResource();
    return { kind: "APIGroup", apiVersion: "v1", ...this.#group(name) };
  }

  /** /apis/GROUP/VERSION and /api/v1 */
  resources(group: string, version: string): object {
    const served = this.#servedIn(group, version);
    const actions = this.#actionsIn(group, version);
    if (served.length + actions.length === 0) throw noSuchResource();
    const resources = [...actions.map(toActionResource), ...served.flatMap(toResources)];
    return {
      kind: "APIResourceList",
      ...(group === "" ? {} : { apiVersion: "v1" }),
      groupVersion: group === "" ? version : `${group}/${version}`,
      resources: resources.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  /** The new form of /api (core) and /apis (all others). */
  aggregated(core: boolean): object {
    const groups = [...this.#groups()].filter(([name]) => (name === "") === core);
    return {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: groups.map(([name, versions]) => ({
        metadata: name === "" ? {} : { name },
        versions: versions.map((version) => ({
          version,
          resources: [
            ...this.#actionsIn(name, version).map(toActionDiscovery),
            ...this.#servedIn(name, version).map(toDiscovery),
          ].toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
          freshness: "Current",
        })),
      })),
    };
  }

  /** Group and version pairs, for OpenAPI. */
  groupVersions(): { group: string; version: string }[] {
    return [...this.#groups()].flatMap(([group, versions]) =>
      versions.map((version) => ({ group, version })),
    );
  }

  #group(name: string): object {
    const versions = (this.#groups().get(name) ?? []).map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #groups(): Map<string, string[]> {
    const groups = new Map<string, string[]>();
    const all = [...this.#served().map(({ resource }) => resource), ...this.#actions];
    for (const { group, version } of all) {
      const versions = groups.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      groups.set(group, versions);
    }
    return groups;
  }

  #servedIn(group: string, version: string): ServedKind[] {
    return this.#served().filter(
      ({ resource }) => resource.group === group && resource.version === version,
    );
  }

  #actionsIn(group: string, version: string): ActionKind[] {
    return this.#actions.filter((action) => action.group === group && action.version === version);
  }
}

function subresourcesOf({ kind, resource }: ServedKind): Subresource[] {
  const scale = { name: "scale", kind: "Scale", group: "autoscaling", version: "v1" };
  return [
    ...(kind.status ? [{ name: "status", kind: resource.kind, verbs: partVerbs }] : []),
    ...(kind.scale ? [{ ...scale, verbs: partVerbs }] : []),
    ...(kind.otherSubresources ?? []),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface ApiResource {
  readonly name: string;
  readonly [field: string]: unknown;
}

function toResources(served: ServedKind): ApiResource[] {
  const { kind, resource } = served;
  const { plural, namespaced } = resource;
  const main = {
    name: plural,
    singularName: kind.singular,
    namespaced,
    kind: resource.kind,
    verbs,
    ...(kind.shortNames ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories ? { categories: kind.categories } : {}),
    storageVersionHash: storageHash(served),
  };
  const parts = subresourcesOf(served).map(({ name, group, version, ...part }) => ({
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind: part.kind,
    verbs: part.verbs,
  }));
  return [main, ...parts];
}

function toActionResource({ plural, kind, namespaced }: ActionKind): ApiResource {
  const singularName = kind.toLowerCase();
  return { name: plural, singularName, namespaced, kind, verbs: ["create"] };
}

function storageHash({ kind }: ServedKind): string {
  const { group, version, kind: name } = kind.resource;
  const hash = createHash("sha256").update(`${group}/${version}/${name}`).digest();
  return hash.subarray(0, 8).toString("base64");
}

interface ResourceDiscovery {
  readonly resource: string;
  readonly [field: string]: unknown;
}

function toDiscovery(served: ServedKind): ResourceDiscovery {
  const { kind, resource } = served;
  const parts = subresourcesOf(served).map(({ name, group, version, ...part }) => ({
    subresource: name,
    responseKind: { group: group ?? "", version: version ?? "", kind: part.kind },
    verbs: part.verbs,
  }));
  return {
    resource: resource.plural,
    responseKind: { group: "", version: "", kind: resource.kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs,
    ...(kind.shortNames ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories ? { categories: kind.categories } : {}),
    ...(parts.length > 0 ? { subresources: parts } : {}),
  };
}

function toActionDiscovery({ plural, kind, namespaced }: ActionKind): ResourceDiscovery {
  return {
    resource: plural,
    responseKind: { group: "", version: "", kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.toLowerCase(),
    verbs: ["create"],
  };
}
