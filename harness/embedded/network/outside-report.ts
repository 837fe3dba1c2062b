import type { Service } from "kubernetes-types/core/v1";
import type { Client } from "../client.ts";
import { referenceTo, type EventRecorder } from "../events.ts";
import { services } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import { outsideAnnotation, type OutsideReport } from "./outside-access.ts";

const ingress = [{ ip: "127.0.0.1", ipMode: "VIP" }];

/** Writes on the Service how it is reached from outside, and an event for each port that was not free. */
export async function reportOutside(
  client: Client,
  recorder: EventRecorder,
  service: Service,
  { addresses, moved }: OutsideReport,
): Promise<void> {
  const { namespace, name = "", annotations } = service.metadata ?? {};
  const key = { namespace, name };
  const isReachable = Object.keys(addresses).length > 0;
  const text = isReachable ? JSON.stringify(addresses) : undefined;
  for (const { wanted, taken } of moved)
    recorder.record(
      referenceTo(services, service),
      "Warning",
      "PortNotFree",
      `Port ${wanted} of 127.0.0.1 is not free; 127.0.0.1:${taken} leads to this Service instead`,
    );
  try {
    if (annotations?.[outsideAnnotation] !== text) {
      const body = { metadata: { annotations: { [outsideAnnotation]: text ?? null } } };
      await client.patch(services, key, { type: "merge", body });
    }
    if (service.spec?.type === "LoadBalancer" && !service.status?.loadBalancer?.ingress?.length) {
      // The status of a Service is a subresource of its own.
      const body = { status: { loadBalancer: { ingress } } };
      await client.patch(services, key, { type: "merge", body }, { subresource: "status" });
    }
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
