/** The parts of an image reference, completed as Docker completes them. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
  /** The whole, for example docker.io/library/busybox:latest. */
  readonly full: string;
}

/** "bb:1" is docker.io/library/bb:1; "registry.k8s.io/pause" keeps its registry and gets :latest. */
export function parseReference(text: string): Reference {
  const [named = "", digest] = text.split("@", 2);
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === "localhost";
  const registry = hasRegistry ? first : "docker.io";
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? "latest" : rest.slice(colon + 1);
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  const full = `${registry}/${repository}${digest ? `@${digest}` : `:${tag}`}`;
  return { registry, repository, tag, digest, full };
}

/** Whether the text can be an image reference at all. */
export function isValidReference(text: string): boolean {
  return /^[a-z0-9]+([._:/-]+[a-zA-Z0-9_]+)*(@sha256:[0-9a-f]{64})?$/.test(text);
}
