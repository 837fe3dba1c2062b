import type { Clock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import { EventRecorder } from "../events.ts";
import type { Resource } from "../resource.ts";
import { DaemonSetController } from "./daemonset/daemonset-controller.ts";
import { DeploymentController } from "./deployment/deployment-controller.ts";
import { EndpointsController } from "./endpoints/endpoints-controller.ts";
import { EndpointSliceController } from "./endpoints/endpointslice-controller.ts";
import { EndpointSliceMirroringController } from "./endpoints/mirroring-controller.ts";
import { GarbageCollector } from "./garbage/garbage-collector.ts";
import { JobController } from "./job/job-controller.ts";
import { JobOrphanPodsController } from "./job/orphan-pods-controller.ts";
import { Caches } from "./loop/caches.ts";
import type { ControllerContext } from "./loop/context.ts";
import type { Controller } from "./loop/controller.ts";
import { queueController } from "./loop/run-controller.ts";
import { NamespaceController } from "./namespace/namespace-controller.ts";
import { RootCaController } from "./namespace/root-ca-controller.ts";
import { ServiceAccountController } from "./namespace/service-account-controller.ts";
import { ReplicaSetController } from "./replicaset/replicaset-controller.ts";
import { ClusterRoleAggregationController } from "./roles/cluster-role-aggregation-controller.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { StatefulSetController } from "./statefulset/statefulset-controller.ts";

export interface ControllersOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Stops everything when aborted. */
  readonly signal: AbortSignal;
  /** PEM; published in every namespace as kube-root-ca.crt. @default not published */
  readonly caCertificate?: string | undefined;
  /** Every kind the server holds, for emptying namespaces and collecting garbage. */
  readonly resources: readonly Resource[];
}

/** Controllers that run; `stop` lets reconciliations under way finish. */
export interface StartedControllers extends AsyncDisposable {
  stop(): Promise<void>;
}

/** Starts every controller and the scheduler; resolves when their caches are full. */
export async function startControllers(options: ControllersOptions): Promise<StartedControllers> {
  const { client, clock } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const recorders: EventRecorder[] = [];
  const caches = new Caches({ client, clock, signal });
  const context: ControllerContext = {
    client,
    clock,
    caches,
    recorder(component) {
      const recorder = new EventRecorder({ client, clock, component });
      recorders.push(recorder);
      return recorder;
    },
  };
  const queued = createControllers(context, options).map((one) => queueController(one, clock));
  const stop = async (): Promise<void> => {
    await Promise.all(queued.map((controller) => controller.stop()));
    await Promise.all(recorders.map((recorder) => recorder.stop()));
    stopping.abort();
  };
  signal.addEventListener("abort", () => void stop(), { once: true });
  await caches.synced();
  for (const controller of queued) controller.run();
  return { stop, [Symbol.asyncDispose]: stop };
}

function createControllers(context: ControllerContext, options: ControllersOptions): Controller[] {
  const { resources } = options;
  return [
    new ServiceAccountController(context),
    ...(options.caCertificate === undefined
      ? []
      : [new RootCaController(context, options.caCertificate)]),
    new DeploymentController(context),
    new ReplicaSetController(context),
    new StatefulSetController(context),
    new DaemonSetController(context),
    new JobController(context),
    new JobOrphanPodsController(context),
    new Scheduler(context),
    new EndpointSliceController(context),
    new EndpointsController(context),
    new EndpointSliceMirroringController(context),
    new ClusterRoleAggregationController(context),
    new NamespaceController(context, resources),
    new GarbageCollector(context, resources),
  ];
}
