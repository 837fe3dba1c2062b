import { compileDestinations } from "./compile-rule.ts";
import { rulesFor } from "./destination-rule.ts";
import type { L4Match, L4Rule } from "./istio-types.ts";
import { hasLabels, type MeshService, type MeshSnapshot, type ProxyIdentity } from "./model.ts";
import { type DestinationRef, drawDestination } from "./route.ts";
import { applicableVirtualServices, hostsOf, nameOf } from "./virtual-service.ts";

/**
 * Where a connection to a Service's TCP port goes: by the tcp rules of its VirtualService, else to the
 * Service itself. Undefined where no rule of the mesh concerns it, so that it can go to the address as it is.
 */
export function drawTcpDestination(
  snapshot: MeshSnapshot,
  proxy: ProxyIdentity,
  service: MeshService,
  port: number,
  random: () => number,
): DestinationRef | undefined {
  const rule = tcpRuleFor(snapshot, proxy, service, port);
  if (rule) {
    const context = {
      namespace: rule.namespace,
      domain: snapshot.domain,
      origin: rule.origin,
      portOf: () => port,
    };
    return drawDestination(compileDestinations(rule.rule.route ?? [], context), random);
  }
  const isMeshed = (service.endpoints.get(port) ?? []).some((endpoint) => endpoint.mutualTls);
  if (!isMeshed && !rulesFor(snapshot, proxy.namespace, service.host)) return undefined;
  return service.headless ? undefined : { host: service.host, subset: undefined, port };
}

function tcpRuleFor(
  snapshot: MeshSnapshot,
  proxy: ProxyIdentity,
  service: MeshService,
  port: number,
): { readonly rule: L4Rule; readonly namespace: string; readonly origin: string } | undefined {
  for (const virtualService of applicableVirtualServices(snapshot, { proxy, gateway: "mesh" })) {
    if (!hostsOf(virtualService, snapshot.domain).includes(service.host)) continue;
    const rule = virtualService.spec?.tcp?.find(
      ({ match }) => !match || match.length === 0 || match.some((one) => fits(one, proxy, port)),
    );
    const namespace = virtualService.metadata?.namespace ?? "";
    if (rule) return { rule, namespace, origin: nameOf(virtualService) };
  }
  return undefined;
}

function fits(match: L4Match, proxy: ProxyIdentity, port: number): boolean {
  if (match.port !== undefined && match.port !== port) return false;
  if (match.gateways && match.gateways.length > 0 && !match.gateways.includes("mesh")) return false;
  if (match.sourceNamespace && match.sourceNamespace !== proxy.namespace) return false;
  return hasLabels(proxy.labels, match.sourceLabels);
}
