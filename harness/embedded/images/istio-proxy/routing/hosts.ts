// Istio: a name without a dot belongs to the namespace of the object that uses it; every other name is
// taken as it is, so "reviews.other" is not completed.
// https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination

/** The full name of a host as an Istio object in `namespace` means it. */
export function resolveHost(host: string, namespace: string, domain: string): string {
  if (host.includes(".") || host.includes("*") || host.includes(":")) return host.toLowerCase();
  return `${host}.${namespace}.svc.${domain}`.toLowerCase();
}

/** Every name under which a client in `clientNamespace` may address a Service, without port. */
export function namesOfService(
  fqdn: string,
  clientNamespace: string,
  domain: string,
): readonly string[] {
  const suffix = `.svc.${domain}`;
  if (!fqdn.endsWith(suffix)) return [fqdn];
  const short = fqdn.slice(0, -suffix.length);
  const [name, namespace] = short.split(".") as [string, string];
  const names = [fqdn, `${short}.svc`, short];
  return namespace === clientNamespace ? [...names, name] : names;
}

/** A Host header without port, trailing dot and capitals: what route tables are searched by. */
export function normalizeAuthority(authority: string): string {
  const host = authority.startsWith("[")
    ? authority.slice(1, authority.indexOf("]"))
    : authority.replace(/:\d+$/, "");
  return host.replace(/\.$/, "").toLowerCase();
}

/** Whether `pattern` ("*", "*.example.com" or a name) covers `host`, itself a name or a pattern. */
export function covers(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  if (!pattern.startsWith("*")) return pattern === host;
  const suffix = pattern.slice(1);
  const rest = host.startsWith("*") ? host.slice(1) : host;
  return rest.endsWith(suffix) && (host.startsWith("*") || host.length > suffix.length);
}
