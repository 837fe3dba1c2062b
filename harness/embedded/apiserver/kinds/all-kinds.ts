import { configMapKind } from "./config-map.ts";
import { controllerRevisionKind } from "./controller-revision.ts";
import { daemonSetKind } from "./daemon-set.ts";
import { deploymentKind } from "./deployment.ts";
import { endpointSliceKind } from "./endpoint-slice.ts";
import { endpointsKind } from "./endpoints.ts";
import { eventKind } from "./event.ts";
import { gatewayApiKinds } from "./gateway-api.ts";
import { ingressClassKind } from "./ingress-class.ts";
import { ingressKind } from "./ingress.ts";
import { istioKinds } from "./istio.ts";
import { jobKind } from "./job.ts";
import type { Kind } from "./kind.ts";
import { leaseKind } from "./lease.ts";
import { mutatingWebhookConfigurationKind } from "./mutating-webhook-configuration.ts";
import { namespaceKind } from "./namespace.ts";
import { nodeKind } from "./node.ts";
import { podKind } from "./pod.ts";
import { rbacKinds } from "./rbac.ts";
import { replicaSetKind } from "./replica-set.ts";
import { secretKind } from "./secret.ts";
import { serviceAccountKind } from "./service-account.ts";
import { serviceKind } from "./service.ts";
import { statefulSetKind } from "./stateful-set.ts";

/** Every kind that is served, in the order of discovery. */
export const allKinds: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  eventKind,
  namespaceKind,
  nodeKind,
  podKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  controllerRevisionKind,
  daemonSetKind,
  deploymentKind,
  replicaSetKind,
  statefulSetKind,
  jobKind,
  leaseKind,
  endpointSliceKind,
  ingressKind,
  ingressClassKind,
  ...rbacKinds,
  mutatingWebhookConfigurationKind,
  ...istioKinds,
  ...gatewayApiKinds,
];
