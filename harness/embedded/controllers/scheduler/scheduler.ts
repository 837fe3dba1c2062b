import type { Namespace, Node, Pod, PodCondition } from "kubernetes-types/core/v1";
import { namespaces, nodes, pods } from "../../resources.ts";
import type { KubeObject } from "../../resource.ts";
import type { Informer } from "../../informer.ts";
import { isStatus } from "../../status-error.ts";
import { toTime } from "../../timestamps.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { isFinished, podCondition } from "../objects/pod-state.ts";
import type { Labels } from "../objects/selector.ts";
import { fitMessage } from "./fit-message.ts";
import { refusalOf } from "./node-filters.ts";
import type { Placement } from "./pod-affinity.ts";
import type { Refusal } from "./refusal.ts";
import { SchedulingEvents } from "./scheduling-events.ts";

const schedulerName = "default-scheduler";
const firstBackoffMs = 1_000;
const longestBackoffMs = 10_000;

/** Puts pods on nodes: the first node, by how few pods it has, that every filter lets through. */
export class Scheduler implements Controller {
  readonly name = "scheduler";
  readonly #context: ControllerContext;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #namespaces: Informer<Namespace>;
  /** Pods bound but not yet seen on their node, by uid. */
  readonly #assumed = new Map<string, Pod>();
  readonly #failures = new Map<string, number>();
  #events: SchedulingEvents | undefined;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#pods = context.caches.of(pods);
    this.#nodes = context.caches.of(nodes);
    this.#namespaces = context.caches.of(namespaces);
  }

  watch(enqueue: Enqueue): void {
    this.#pods.on({
      added: (pod) => this.#sawPod(pod, enqueue),
      updated: (pod, old) => {
        this.#sawPod(pod, enqueue);
        if (pod.spec?.nodeName && !old.spec?.nodeName) this.#enqueueWaiting(enqueue, wantsCompany);
      },
      deleted: (pod) => {
        this.#assumed.delete(pod.metadata?.uid ?? "");
        this.#failures.delete(pod.metadata?.uid ?? "");
        this.#enqueueWaiting(enqueue);
      },
    });
    this.#nodes.on({
      added: () => this.#enqueueWaiting(enqueue),
      updated: (node, old) => {
        if (hasOtherRoom(node, old)) this.#enqueueWaiting(enqueue);
      },
    });
  }

  async reconcile(key: string): Promise<Result> {
    const pod = this.#pods.get(parseKey(key));
    if (!pod || !isWaiting(pod) || this.#assumed.has(pod.metadata?.uid ?? "")) return "done";
    const refusals: Refusal[] = [];
    const placement = this.#placement();
    for (const node of this.#byLoad()) {
      const refusal = refusalOf(pod, node, this.#podsOn(node), placement);
      if (!refusal) return this.#bind(pod, node.metadata?.name ?? "");
      refusals.push(refusal);
    }
    await this.#fail(pod, fitMessage(refusals));
    return "done";
  }

  #sawPod(pod: Pod, enqueue: Enqueue): void {
    if (pod.spec?.nodeName) {
      this.#assumed.delete(pod.metadata?.uid ?? "");
      if (isFinished(pod)) this.#enqueueWaiting(enqueue);
    } else if (isWaiting(pod) && !this.#failures.has(pod.metadata?.uid ?? "")) enqueue(keyOf(pod));
  }

  /** Room may have come free: pods that did not fit try again, each after its own back-off. */
  #enqueueWaiting(enqueue: Enqueue, concerned = (_pod: Pod): boolean => true): void {
    for (const pod of this.#pods.list()) {
      if (!isWaiting(pod) || !concerned(pod)) continue;
      const failures = this.#failures.get(pod.metadata?.uid ?? "");
      if (failures === undefined) enqueue(keyOf(pod));
      else enqueue(keyOf(pod), Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1)));
    }
  }

  #byLoad(): Node[] {
    return this.#nodes
      .list()
      .toSorted((one, other) => this.#podsOn(one).length - this.#podsOn(other).length);
  }

  #placement(): Placement {
    const placed = this.#nodes
      .list()
      .flatMap((node) => this.#podsOn(node).map((pod) => ({ pod, node })));
    const labelsOfNamespace = (name: string): Labels =>
      this.#namespaces.get({ name })?.metadata?.labels ?? {};
    return { placed, labelsOfNamespace };
  }

  #podsOn({ metadata }: Node): Pod[] {
    const bound = this.#pods.list().filter(({ spec }) => spec?.nodeName === metadata?.name);
    const assumed = [...this.#assumed.values()];
    return [...bound, ...assumed.filter(({ spec }) => spec?.nodeName === metadata?.name)];
  }

  async #bind(pod: Pod, node: string): Promise<Result> {
    const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
    this.#assumed.set(uid, { ...pod, spec: { containers: [], ...pod.spec, nodeName: node } });
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { namespace, name, uid },
      target: { kind: "Node", name: node },
    };
    try {
      await this.#context.client.create<KubeObject>(pods, binding, { subresource: "binding" });
    } catch (error) {
      this.#assumed.delete(uid);
      if (isStatus(error, "NotFound")) return "done";
      throw error;
    }
    this.#failures.delete(uid);
    this.#eventsFor(node).scheduled(pod, node);
    return "done";
  }

  async #fail(pod: Pod, message: string): Promise<void> {
    const uid = pod.metadata?.uid ?? "";
    this.#failures.set(uid, (this.#failures.get(uid) ?? 0) + 1);
    this.#eventsFor(this.#nodes.list()[0]?.metadata?.name ?? "").failed(pod, message);
    const before = podCondition(pod, "PodScheduled");
    if (before?.status === "False" && before.message === message) return;
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastProbeTime: null as unknown as string,
      lastTransitionTime:
        before?.status === "False" && before.lastTransitionTime !== undefined
          ? before.lastTransitionTime
          : toTime(this.#context.clock.now()),
    } satisfies PodCondition;
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    const status = { ...pod.status, conditions: [...others, condition] };
    try {
      const options = { subresource: "status", fieldManager: "kube-scheduler" } as const;
      await this.#context.client.update(pods, { ...pod, status }, options);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** Kubernetes' scheduler names its host in its events; here that is the node. */
  #eventsFor(host: string): SchedulingEvents {
    this.#events ??= new SchedulingEvents(this.#context.client, this.#context.clock, host);
    return this.#events;
  }
}

function isWaiting({ metadata, spec, status }: Pod): boolean {
  return (
    !spec?.nodeName &&
    (spec?.schedulingGates ?? []).length === 0 &&
    !metadata?.deletionTimestamp &&
    (spec?.schedulerName ?? schedulerName) === schedulerName &&
    status?.phase !== "Succeeded" &&
    status?.phase !== "Failed"
  );
}

function wantsCompany({ spec }: Pod): boolean {
  return spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
}

function hasOtherRoom(node: Node, old: Node): boolean {
  return roomOf(node) !== roomOf(old);
}

function roomOf({ metadata, spec, status }: Node): string {
  return JSON.stringify([metadata?.labels, spec, status?.allocatable]);
}
