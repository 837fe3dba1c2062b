import type { Service } from "kubernetes-types/core/v1";
import type { Ingress, IngressLoadBalancerIngress } from "kubernetes-types/networking/v1";
import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import { ingresses } from "../../resources.ts";

export interface StatusUpdaterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  /** The Service by which the controller is reached. */
  readonly publishService: () => Service | undefined;
  readonly ingresses: () => readonly Ingress[];
  readonly log: (message: string) => void;
}

/** Writes where the controller is reached into each Ingress's status, at once and then now and again. */
export async function keepStatus(options: StatusUpdaterOptions): Promise<void> {
  const { clock, signal, intervalMs } = options;
  while (!signal.aborted) {
    await writeStatus(options, addressesOf(options.publishService()));
    await clock.sleep(intervalMs, signal).catch(() => {});
  }
}

/** Takes the addresses out again: nobody is reached there any more. */
export async function clearStatus(options: StatusUpdaterOptions): Promise<void> {
  await writeStatus(options, []);
}

async function writeStatus(
  { client, ingresses: list, log }: StatusUpdaterOptions,
  addresses: readonly IngressLoadBalancerIngress[],
): Promise<void> {
  for (const { metadata, status } of list()) {
    const present = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
    const wanted = addresses.map(({ ip, hostname }) => ip ?? hostname);
    if (present.join() === wanted.join()) continue;
    const key = { namespace: metadata?.namespace, name: metadata?.name ?? "" };
    const body = { status: { loadBalancer: { ingress: addresses } } };
    try {
      await client.patch(ingresses, key, { type: "merge", body }, { subresource: "status" });
    } catch (error) {
      log(`status of ingress ${key.namespace}/${key.name}: ${(error as Error).message}`);
    }
  }
}

/** As upstream: a LoadBalancer's addresses, else the ClusterIP. */
function addressesOf(service: Service | undefined): readonly IngressLoadBalancerIngress[] {
  const { type, clusterIP, externalIPs = [] } = service?.spec ?? {};
  const external = externalIPs.map((ip) => ({ ip }));
  if (type !== "LoadBalancer") return clusterIP ? [{ ip: clusterIP }, ...external] : [];
  const given = service?.status?.loadBalancer?.ingress ?? [];
  return [
    ...given.map(({ ip, hostname }) => (ip ? { ip } : { hostname: hostname ?? "" })),
    ...external,
  ];
}
