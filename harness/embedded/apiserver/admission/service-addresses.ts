import { randomInt } from "node:crypto";
import type { Service, ServiceSpec } from "kubernetes-types/core/v1";
import { FieldErrors } from "../errors/field-errors.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { checkAddress } from "../validation/addresses.ts";
import type { AdmissionStep } from "./admission.ts";

const clusterRange = "10.96.0.0/16";

/** Ports from the first to the last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const usualNodePorts: PortRange = { first: 30_000, last: 32_767 };

/** Gives Services their cluster address and node ports, and refuses those that are taken. */
export function createServiceAddresses(
  store: ObjectStore,
  nodePorts: PortRange = usualNodePorts,
): AdmissionStep {
  return ({ operation, served, object, namespace, name, context }) => {
    if (operation === "DELETE" || served.resource.plural !== "services") return;
    if (context.subresource !== "") return;
    const { spec } = object as Service;
    if (!spec || spec.type === "ExternalName") return;
    const others = (store.list("services") as Service[]).filter(
      ({ metadata }) => metadata?.namespace !== namespace || metadata?.name !== name,
    );
    const errors = new FieldErrors();
    giveAddress(spec, others, errors);
    giveNodePorts(spec, others, nodePorts, errors);
    const failure = errors.toError(served.resource, name);
    if (failure) throw failure;
  };
}

function giveAddress(spec: ServiceSpec, others: readonly Service[], errors: FieldErrors): void {
  if (spec.clusterIP === "None") spec.clusterIPs = ["None"];
  else {
    const taken = new Set(others.map((other) => other.spec?.clusterIP));
    if (!spec.clusterIP) spec.clusterIP = freeAddress(taken);
    else if (!checkAddress("spec.clusterIPs[0]", spec.clusterIP, errors)) return;
    else if (!/^10\.96\.\d{1,3}\.\d{1,3}$/.test(spec.clusterIP)) {
      const why = `failed to allocate IP ${spec.clusterIP}: the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${clusterRange}`;
      errors.invalid("spec.clusterIPs", [spec.clusterIP], why);
    } else if (taken.has(spec.clusterIP)) {
      const why = `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`;
      errors.invalid("spec.clusterIPs", [spec.clusterIP], why);
    }
    spec.clusterIPs = [spec.clusterIP];
  }
}

function freeAddress(taken: ReadonlySet<string | undefined>): string {
  for (;;) {
    const address = `10.96.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    if (!taken.has(address)) return address;
  }
}

function giveNodePorts(
  spec: ServiceSpec,
  others: readonly Service[],
  { first, last }: PortRange,
  errors: FieldErrors,
): void {
  if (spec.type === "ClusterIP") return;
  const wanted = spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts !== false;
  const taken = new Set(
    others.flatMap((other) => (other.spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0)),
  );
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const { nodePort } = port;
    const at = `spec.ports[${index}].nodePort`;
    if (nodePort && (nodePort < first || nodePort > last)) {
      const range = `${first}-${last}`;
      const why = `provided port is not in the valid range. The range of valid ports is ${range}`;
      errors.invalid(at, nodePort, why);
    } else if (nodePort && taken.has(nodePort)) {
      errors.invalid(at, nodePort, "provided port is already allocated");
    } else if (!nodePort && wanted) {
      const free = freePort(taken, { first, last });
      // Kubernetes: portallocator.ErrFull.
      if (free === undefined) errors.invalid(at, 0, "failed to allocate a nodePort: range is full");
      else port.nodePort = free;
    }
    if (port.nodePort) taken.add(port.nodePort);
  }
}

/** A port at random among those that are free, as Kubernetes chooses them. */
function freePort(taken: ReadonlySet<number>, { first, last }: PortRange): number | undefined {
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const free = ports.filter((port) => !taken.has(port));
  return free[randomInt(Math.max(1, free.length))];
}
