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

const domain =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?$/;
const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tag = /^\w[\w.-]{0,127}$/;
const digest = /^sha256:[0-9a-f]{64}$/;

/** Why the text is no image reference, in the words of Docker's parser; undefined where it is one. */
export function referenceErrorOf(text: string): string | undefined {
  const invalid = "invalid reference format";
  if (/^[0-9a-f]{64}$/.test(text))
    return `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`;
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(0, slash));
  const hasDomain = slash >= 0 && (/[.:A-Z]/.test(first) || first === "localhost");
  const rest = hasDomain ? text.slice(slash + 1) : text;
  const remainder = hasDomain || rest.includes("/") ? rest : `library/${rest}`;
  const repository = remainder.split(":", 1)[0] ?? "";
  if (repository !== repository.toLowerCase())
    return `${invalid}: repository name (${repository}) must be lowercase`;
  const [named = "", ...digests] = remainder.split("@");
  const [path = "", ...tags] = named.split(":");
  const isValid =
    (!hasDomain || domain.test(first)) &&
    path.split("/").every((part) => component.test(part)) &&
    tags.length <= 1 &&
    tags.every((it) => tag.test(it)) &&
    digests.length <= 1 &&
    digests.every((it) => digest.test(it));
  return isValid ? undefined : invalid;
}
