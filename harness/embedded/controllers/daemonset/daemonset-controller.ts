import { isDeepStrictEqual } from "node:util";
import type { DaemonSet } from "kubernetes-types/apps/v1";
import type { Node, Pod } from "kubernetes-types/core/v1";
import { daemonSets, nodes, pods } from "../../resources.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { Expectations } from "../loop/expectations.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { claim } from "../objects/claim.ts";
import { resolveFenceposts } from "../objects/int-or-percent.ts";
import { isAvailable, isFinished, msUntilNextAvailable } from "../objects/pod-state.ts";
import { isNamespaceTerminating, PodControl } from "../pods/pod-control.ts";
import { slowStart } from "../pods/slow-start.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import {
  hashOf,
  pruneRevisions,
  revisionHashLabel,
  syncRevisions,
} from "../revisions/controller-revisions.ts";
import { daemonPod, runsOn, targetNodeOf } from "./daemon-pod.ts";
import { daemonSetStatus } from "./daemonset-status.ts";

interface View {
  readonly key: string;
  readonly set: DaemonSet;
  readonly hash: string;
  readonly owned: readonly Pod[];
}

/** Keeps one pod of each DaemonSet on every node that it fits. */
export class DaemonSetController implements Controller {
  readonly name = "daemonset";
  readonly workers = 2;
  readonly #context: ControllerContext;
  readonly #sets: Informer<DaemonSet>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#sets = context.caches.of(daemonSets);
    this.#pods = context.caches.of(pods);
    this.#nodes = context.caches.of(nodes);
    this.#expectations = new Expectations(context.clock);
    const recorder = context.recorder("daemonset-controller");
    this.#podControl = new PodControl(context.client, recorder, daemonSets);
  }

  watch(enqueue: Enqueue): void {
    watchOwnedPods(
      {
        resource: daemonSets,
        owners: this.#sets,
        pods: this.#pods,
        expectations: this.#expectations,
      },
      enqueue,
    );
    const enqueueAll = (): void => this.#sets.list().forEach((set) => enqueue(keyOf(set)));
    this.#nodes.on({ added: enqueueAll, updated: enqueueAll, deleted: enqueueAll });
  }

  async reconcile(key: string): Promise<Result> {
    const set = this.#sets.get(parseKey(key));
    if (!set || set.metadata?.deletionTimestamp) return "done";
    const caughtUp = this.#expectations.isSatisfied(key);
    const { update, all } = await syncRevisions(this.#context.client, {
      resource: daemonSets,
      owner: set,
      template: set.spec?.template ?? {},
      selector: set.spec?.selector,
      historyLimit: set.spec?.revisionHistoryLimit ?? 10,
    });
    const owned = await claim({
      client: this.#context.client,
      ownerResource: daemonSets,
      owner: set,
      selector: set.spec?.selector,
      resource: pods,
      candidates: this.#pods.list(set.metadata?.namespace ?? ""),
    });
    const hash = hashOf(update);
    if (caughtUp) await this.#manage({ key, set, hash, owned });
    await this.#writeStatus(set, owned, hash);
    const inUse = new Set(
      all
        .filter((one) => owned.some((pod) => hashIn(pod) === hashOf(one)) || one === update)
        .map(({ metadata }) => metadata?.name ?? ""),
    );
    const limit = set.spec?.revisionHistoryLimit ?? 10;
    await pruneRevisions(this.#context.client, all, inUse, limit);
    const nowMs = this.#context.clock.now();
    const afterMs = msUntilNextAvailable(owned, set.spec?.minReadySeconds ?? 0, nowMs);
    return afterMs === undefined ? "done" : { afterMs };
  }

  async #manage(view: View): Promise<void> {
    const { set, owned } = view;
    const missing: string[] = [];
    const surplus: Pod[] = [];
    for (const node of this.#nodes.list()) {
      const name = node.metadata?.name ?? "";
      const there = owned.filter((pod) => targetNodeOf(pod) === name);
      const alive = there.filter(({ metadata }) => !metadata?.deletionTimestamp);
      const ended = alive.filter(isFinished);
      surplus.push(...ended);
      const running = alive.filter((pod) => !isFinished(pod));
      if (!runsOn(set, node)) surplus.push(...running);
      else if (there.length === 0) missing.push(name);
      else surplus.push(...running.slice(1));
    }
    if (missing.length + surplus.length > 0) await this.#change(view, missing, surplus);
    else if (set.spec?.updateStrategy?.type !== "OnDelete") await this.#replaceOutdated(view);
  }

  async #change(
    { key, set, hash }: View,
    missing: readonly string[],
    surplus: readonly Pod[],
  ): Promise<void> {
    this.#expectations.expectCreations(key, missing.length);
    const left = [...missing];
    const { created, error } = await slowStart(missing.length, async () => {
      const node = left.shift() ?? "";
      const { metadata, spec } = set;
      const name = { generateName: `${metadata?.name}-` };
      const pod = this.#podControl.podFrom(spec?.template ?? {}, set, name);
      try {
        await this.#podControl.create(set, daemonPod(set, pod, node, hash));
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    if (created < missing.length) this.#expectations.created(key, missing.length - created);
    for (const pod of surplus) await this.#podControl.delete(set, pod);
    if (error !== undefined) throw error;
  }

  /** Deletes as many pods of an old revision as may be missing; those that are down already come first. */
  async #replaceOutdated({ set, hash, owned }: View): Promise<void> {
    const { rollingUpdate } = set.spec?.updateStrategy ?? {};
    const wanted = this.#nodes.list().filter((node) => runsOn(set, node)).length;
    const { unavailable } = resolveFenceposts(0, rollingUpdate?.maxUnavailable ?? 1, wanted);
    const nowMs = this.#context.clock.now();
    const isUp = (pod: Pod): boolean =>
      !pod.metadata?.deletionTimestamp && isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs);
    const old = owned.filter(
      (pod) => hashIn(pod) !== hash && !pod.metadata?.deletionTimestamp && !isFinished(pod),
    );
    const down = old.filter((pod) => !isUp(pod));
    const mayGo = Math.max(0, unavailable - (wanted - owned.filter(isUp).length));
    for (const pod of [...down, ...old.filter(isUp).slice(0, mayGo)])
      await this.#podControl.delete(set, pod);
  }

  async #writeStatus(set: DaemonSet, owned: readonly Pod[], hash: string): Promise<void> {
    const nowMs = this.#context.clock.now();
    const status = daemonSetStatus(set, this.#nodes.list(), owned, hash, nowMs);
    if (isDeepStrictEqual({ ...set.status }, status)) return;
    const { client } = this.#context;
    await client.update(daemonSets, { ...set, status }, { subresource: "status" });
  }
}

function hashIn({ metadata }: Pod): string {
  return metadata?.labels?.[revisionHashLabel] ?? "";
}
