import type { Secret } from "kubernetes-types/core/v1";
import type { Ingress, IngressServiceBackend } from "kubernetes-types/networking/v1";
import { defaultSettings, type IngressSettings, readAnnotations } from "./annotations.ts";
import { backendName, endpointsOf, type ServiceView } from "./backends.ts";
import { certificateFor } from "./certificates.ts";
import {
  anyHost,
  type Backend,
  type LocationRule,
  type Problem,
  type Routing,
  type VirtualHost,
} from "./routing.ts";
import { toLocations } from "./locations.ts";

/** The cluster as the controller sees it. */
export interface ClusterView extends ServiceView {
  /** Those of the controller's class. */
  readonly ingresses: readonly Ingress[];
  secret(namespace: string, name: string): Secret | undefined;
}

/** One host while its Ingresses are read. */
interface HostEntry {
  /** What answers at / unless a rule is for it. */
  readonly root: LocationRule;
  readonly rules: LocationRule[];
  certificate: VirtualHost["certificate"];
}

/** The root of hosts that nobody claims: its requests are neither redirected nor logged. */
const nobody = rootRule(undefined, "", {
  ...defaultSettings(),
  sslRedirect: false,
  accessLog: false,
});

interface Read {
  readonly ingress: Ingress;
  readonly key: string;
  readonly namespace: string;
  readonly settings: IngressSettings;
}

/** Makes the routing out of the objects: the oldest Ingress wins where two say the same. */
export function buildRouting(view: ClusterView): Routing {
  const builder = new RoutingBuilder(view);
  const read = view.ingresses.toSorted(byAge).map((ingress) => builder.read(ingress));
  for (const one of read) if (!one.settings.canary) builder.addMain(one);
  for (const one of read) if (one.settings.canary) builder.addCanary(one);
  return builder.finish();
}

function byAge({ metadata: one }: Ingress, { metadata: other }: Ingress): number {
  return (
    (one?.creationTimestamp ?? "").localeCompare(other?.creationTimestamp ?? "") ||
    `${one?.namespace}/${one?.name}`.localeCompare(`${other?.namespace}/${other?.name}`)
  );
}

class RoutingBuilder {
  readonly #view: ClusterView;
  readonly #problems: Problem[] = [];
  readonly #backends = new Map<string, Backend>();
  readonly #hosts = new Map<string, HostEntry>();

  constructor(view: ClusterView) {
    this.#view = view;
    this.#hosts.set(anyHost, { root: nobody, rules: [], certificate: undefined });
  }

  read(ingress: Ingress): Read {
    const { namespace = "default", name = "" } = ingress.metadata ?? {};
    const key = `${namespace}/${name}`;
    const { settings, problems } = readAnnotations(ingress);
    for (const message of problems) this.#problem(key, message);
    return { ingress, key, namespace, settings };
  }

  addMain(read: Read): void {
    const { ingress, namespace, settings, key } = read;
    const { rules = [], defaultBackend } = ingress.spec ?? {};
    const fallback = defaultBackend?.service && this.#backend(read, defaultBackend.service);
    // Only an Ingress without rules takes the hosts that nobody claims.
    if (fallback && rules.length === 0) this.#addRule(anyHost, rootRule(fallback, key, settings));
    for (const { host = anyHost, http } of rules) {
      // The first Ingress of a host has the say over its root.
      if (!this.#hosts.has(host))
        this.#hosts.set(host, {
          root: rootRule(fallback, key, settings),
          rules: [],
          certificate: undefined,
        });
      this.#certify(host, read);
      for (const { path = "/", pathType, backend } of http?.paths ?? []) {
        if (!backend.service) {
          this.#problem(key, "a backend that is no service has no effect");
          continue;
        }
        const wrong = wrongPattern(path, settings);
        if (wrong) {
          this.#problem(key, wrong);
          continue;
        }
        const name = this.#backend(read, backend.service);
        if (settings.defaultBackend !== "") this.#fallBack(name, namespace, read);
        this.#addRule(host, {
          path,
          pathType: typeOf(pathType),
          match: "prefix",
          backend: name,
          ingress: key,
          settings,
        });
      }
    }
  }

  /** Hangs the canary on the main backend of the same host, path and path type. */
  addCanary(read: Read): void {
    const { rules = [], defaultBackend } = read.ingress.spec ?? {};
    const catchAll = { path: "/", pathType: "Prefix", backend: defaultBackend ?? {} };
    for (const { host = anyHost, http } of [...rules, { http: { paths: [catchAll] } }])
      for (const { path = "/", pathType, backend } of http?.paths ?? []) {
        if (!backend.service) continue;
        const name = this.#backend(read, backend.service, true);
        const main = this.#hosts
          .get(host)
          ?.rules.find((rule) => rule.path === path && rule.pathType === typeOf(pathType))?.backend;
        const mainBackend =
          main === undefined || main === name ? undefined : this.#backends.get(main);
        if (!mainBackend) {
          this.#problem(
            read.key,
            `no other Ingress has host "${host}", path "${path}" and pathType ${pathType} with another service: the canary has no effect`,
          );
          continue;
        }
        if (mainBackend.alternatives.includes(name)) continue;
        if (mainBackend.alternatives.length > 0)
          this.#problem(
            read.key,
            `service of ${host}${path} has a canary already, of which only the first counts`,
          );
        const alternatives = [...mainBackend.alternatives, name];
        this.#backends.set(mainBackend.name, { ...mainBackend, alternatives });
      }
  }

  finish(): Routing {
    const hosts = new Map<string, VirtualHost>();
    for (const [name, { root, rules, certificate }] of this.#hosts) {
      const claimed = rules.some(({ path, pathType }) => path === "/" && pathType === "Prefix");
      const locations = toLocations(claimed ? rules : [...rules, root]);
      hosts.set(name, { name, certificate, locations });
    }
    return { hosts, backends: this.#backends, problems: this.#problems };
  }

  #backend(read: Read, service: IngressServiceBackend, isCanary = false): string {
    const name = backendName(read.namespace, service);
    const known = this.#backends.get(name);
    const endpoints = endpointsOf(this.#view, read.namespace, service);
    if (typeof endpoints === "string") this.#problem(read.key, endpoints);
    this.#backends.set(name, {
      name,
      endpoints: typeof endpoints === "string" ? [] : endpoints,
      alternatives: known?.alternatives ?? [],
      shaping: isCanary ? read.settings.shaping : known?.shaping,
    });
    return name;
  }

  /** While the backend has no endpoints, those of the Ingress's own default backend answer. */
  #fallBack(name: string, namespace: string, { settings, key }: Read): void {
    const backend = this.#backends.get(name);
    if (!backend || backend.endpoints.length > 0) return;
    const service = this.#view.service(namespace, settings.defaultBackend);
    const number = service?.spec?.ports?.[0]?.port ?? 0;
    const reference = { name: settings.defaultBackend, port: { number } };
    const endpoints = endpointsOf(this.#view, namespace, reference);
    if (typeof endpoints === "string") this.#problem(key, endpoints);
    else this.#backends.set(name, { ...backend, endpoints });
  }

  #addRule(host: string, rule: LocationRule): void {
    const { rules = [] } = this.#hosts.get(host) ?? {};
    const same = rules.find(
      ({ path, pathType }) => path === rule.path && pathType === rule.pathType,
    );
    if (!same) rules.push(rule);
    else if (same.ingress !== rule.ingress)
      this.#problem(
        rule.ingress,
        `host "${host}" and path "${rule.path}" is already defined in ingress ${same.ingress}, which is older and wins`,
      );
  }

  #certify(host: string, { ingress, namespace, key }: Read): void {
    const entry = this.#hosts.get(host);
    if (!entry || entry.certificate) return;
    const { certificate, problem } = certificateFor(host, ingress, (name) =>
      this.#view.secret(namespace, name),
    );
    entry.certificate = certificate;
    if (problem) this.#problem(key, problem);
  }

  #problem(ingress: string, message: string): void {
    this.#problems.push({ ingress, message });
  }
}

function rootRule(
  backend: string | undefined,
  ingress: string,
  settings: IngressSettings,
): LocationRule {
  return { path: "/", pathType: "Prefix", match: "prefix", backend, ingress, settings };
}

/** ingress-nginx takes ImplementationSpecific, and no type, for Prefix (internal/k8s SetDefaultNGINXPathType). */
function typeOf(pathType: string | undefined): LocationRule["pathType"] {
  return pathType === "Exact" ? "Exact" : "Prefix";
}

/** What is wrong with a path that is meant as a regular expression. */
function wrongPattern(path: string, settings: IngressSettings): string | undefined {
  if (!settings.useRegex && settings.rewriteTarget === "") return undefined;
  try {
    return RegExp(path) && undefined;
  } catch (error) {
    return `path "${path}" has no effect: ${(error as Error).message}`;
  }
}
