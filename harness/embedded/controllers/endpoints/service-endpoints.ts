import type { Pod, Service, ServicePort } from "kubernetes-types/core/v1";
import type { Endpoint, EndpointPort } from "kubernetes-types/discovery/v1";
import { isFinished, isReady } from "../objects/pod-state.ts";
import { matchesLabels } from "../objects/selector.ts";

/** The pods a Service selects that have an address and have not ended. */
export function selectedPods(service: Service, pods: readonly Pod[]): Pod[] {
  const selector = service.spec?.selector;
  if (!selector || Object.keys(selector).length === 0) return [];
  return pods.filter((pod) => matchesLabels(selector, pod.metadata?.labels));
}

/** Whether the pod can be an endpoint: it has an address and is not over. */
export function hasAddress(pod: Pod): boolean {
  return !isFinished(pod) && addressOf(pod) !== undefined;
}

function addressOf(pod: Pod): string | undefined {
  return pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP;
}

/** The pod as an endpoint of the Service. */
export function toEndpoint(service: Service, pod: Pod): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
  const hostname = hostnameIn(service, pod);
  return {
    addresses: [addressOf(pod) ?? ""],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

/** The name a pod has under its governing Service, for `name.service.namespace.svc`. */
export function hostnameIn(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  const own = subdomain === service.metadata?.name && hostname !== undefined && hostname !== "";
  return own ? hostname : undefined;
}

/** The Service's ports as numbers in this pod; a name that the pod does not have is left out. */
export function portsIn(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    return [
      {
        name: port.name ?? "",
        port: number,
        protocol: port.protocol ?? "TCP",
        ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
      },
    ];
  });
}

function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ name, protocol = "TCP" }) => name === target && protocol === (port.protocol ?? "TCP"))
    ?.containerPort;
}

/** Whether an update of a pod can change any endpoint. */
export function endpointChanged(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata?.deletionTimestamp !== undefined ||
    isReady(pod) !== isReady(old) ||
    isFinished(pod) !== isFinished(old) ||
    addressOf(pod) !== addressOf(old) ||
    pod.spec?.nodeName !== old.spec?.nodeName
  );
}

/** Whether the two pods have the same labels. */
export function sameLabels(one: Pod, other: Pod): boolean {
  const [labels = {}, others = {}] = [one.metadata?.labels, other.metadata?.labels];
  return Object.keys(labels).length === Object.keys(others).length && matchesLabels(labels, others);
}
