import { getServers } from "node:dns";
import { parseReference } from "./reference.ts";

/** What containerd says of an image that it cannot fetch. `known`: another tag of the repository is here. */
export function pullErrorOf(image: string, known: boolean): string {
  const reference = parseReference(image);
  const name = reference.full;
  const unresolved = `failed to pull and unpack image "${name}": failed to resolve reference "${name}"`;
  if (known) return `${unresolved}: ${name}: not found`;
  const host = reference.registry === "docker.io" ? "registry-1.docker.io" : reference.registry;
  const url = `https://${host}/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag}`;
  const resolver = resolverAddress();
  return `${unresolved}: failed to do request: Head "${url}": dial tcp: lookup ${host.replace(/:\d+$/, "")} on ${resolver}: no such host`;
}

function resolverAddress(): string {
  const server = getServers()[0] ?? "127.0.0.1";
  return /:\d+$/.test(server) && server.includes(".") ? server : `${server}:53`;
}
