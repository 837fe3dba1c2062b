import type { V1Service } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";

/** One port of a Service. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** The node port that stands for a Service's port; LoadBalancer Services have one too. */
export function nodePortOf(service: V1Service, wanted: ServicePort): number {
  const nodePort = service.spec?.ports?.find(({ port }) => port === wanted.port)?.nodePort;
  if (nodePort !== undefined) return nodePort;
  throw new LabError(
    "SERVICE_NOT_OUTSIDE",
    `Service ${wanted.namespace}/${wanted.name} (${service.spec?.type ?? "ClusterIP"}) has no way in from outside for port ${wanted.port}`,
  );
}
