import { isDeepStrictEqual } from "node:util";
import type { ControllerRevision, DaemonSet } from "kubernetes-types/apps/v1";
import type { Node, Pod } from "kubernetes-types/core/v1";
import { daemonSets, nodes, pods } from "../../resources.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { Expectations } from "../loop/expectations.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { claim } from "../objects/claim.ts";
import { resolveFenceposts } from "../objects/int-or-percent.ts";
import { isAvailable, isFinished, isReady, msUntilNextAvailable } from "../objects/pod-state.ts";
import { isNamespaceTerminating, PodControl } from "../pods/pod-control.ts";
import { slowStart } from "../pods/slow-start.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import {
  podRevisionLabel,
  pruneRevisions,
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
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#sets = context.caches.of(daemonSets);
    this.#pods = context.caches.of(pods);
    this.#nodes = context.caches.of(nodes);
    this.#expectations = new Expectations(context.clock);
    this.#recorder = context.recorder("daemonset-controller");
    this.#podControl = new PodControl(context.client, this.#recorder, daemonSets);
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
      hashLabel: podRevisionLabel,
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
        .filter((one) => owned.some((pod) => hashOf(pod) === hashOf(one)) || one === update)
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
    const surging = this.#limits(set).surge > 0;
    const missing: string[] = [];
    const surplus: Pod[] = [];
    for (const node of this.#nodes.list()) {
      const name = node.metadata?.name ?? "";
      const there = owned.filter((pod) => targetNodeOf(pod) === name);
      const alive = there.filter(({ metadata }) => !metadata?.deletionTimestamp);
      const ended = alive.filter(isFinished);
      for (const pod of ended) this.#tellEnded(set, pod, name);
      surplus.push(...ended);
      const running = alive.filter((pod) => !isFinished(pod));
      if (!runsOn(set, node)) surplus.push(...running);
      else if (there.length === 0) missing.push(name);
      else surplus.push(...(surging ? this.#beyondPair(view, running) : running.slice(1)));
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

  #tellEnded(set: DaemonSet, { metadata, status }: Pod, node: string): void {
    const which = `daemon pod ${metadata?.namespace}/${metadata?.name} on node ${node}`;
    const [type, reason, message] =
      status?.phase === "Failed"
        ? (["Warning", "FailedDaemonPod", `Found failed ${which}, will try to kill it`] as const)
        : ([
            "Normal",
            "SucceededDaemonPod",
            `Found succeeded ${which}, will try to delete it`,
          ] as const);
    this.#recorder.record(referenceTo(daemonSets, set), type, reason, message);
  }

  /** While surging an old and a new pod may share a node until the new one is available or the old one is not ready. */
  #beyondPair({ set, hash }: View, running: readonly Pod[]): Pod[] {
    const sorted = running.toSorted((one, other) => (createdAt(one) < createdAt(other) ? -1 : 1));
    const [fresh, ...freshToo] = sorted.filter((pod) => hashOf(pod) === hash);
    const [old, ...oldToo] = sorted.filter((pod) => hashOf(pod) !== hash);
    const replaced = fresh && old && (!isReady(old) || this.#isUp(set, fresh)) ? [old] : [];
    return [...replaced, ...freshToo, ...oldToo];
  }

  #isUp({ spec }: DaemonSet, pod: Pod): boolean {
    const nowMs = this.#context.clock.now();
    return !pod.metadata?.deletionTimestamp && isAvailable(pod, spec?.minReadySeconds ?? 0, nowMs);
  }

  #limits(set: DaemonSet): { readonly surge: number; readonly unavailable: number } {
    const { rollingUpdate } = set.spec?.updateStrategy ?? {};
    const wanted = this.#nodes.list().filter((node) => runsOn(set, node)).length;
    return resolveFenceposts(
      rollingUpdate?.maxSurge ?? 0,
      rollingUpdate?.maxUnavailable ?? 1,
      wanted,
    );
  }

  /** Makes way for the new revision: new pods beside the old ones where there may be more, else fewer for a while. */
  async #replaceOutdated(view: View): Promise<void> {
    const { surge, unavailable } = this.#limits(view.set);
    if (surge > 0) return this.#addBesideOutdated(view, surge);
    return this.#deleteOutdated(view, unavailable);
  }

  /** Puts a new pod beside as many old ones as the surge allows; an old one that is down does not count. */
  async #addBesideOutdated(view: View, surge: number): Promise<void> {
    const { set, hash, owned } = view;
    const alone: { readonly node: string; readonly up: boolean }[] = [];
    let surging = 0;
    for (const { metadata } of this.#nodes.list().filter((node) => runsOn(set, node))) {
      const node = metadata?.name ?? "";
      const there = owned.filter((pod) => targetNodeOf(pod) === node);
      const alive = there.filter((pod) => !pod.metadata?.deletionTimestamp && !isFinished(pod));
      const fresh = alive.find((pod) => hashOf(pod) === hash);
      const old = alive.find((pod) => hashOf(pod) !== hash);
      if (old && fresh && !this.#isUp(set, fresh)) surging++;
      if (old && !fresh) alone.push({ node, up: this.#isUp(set, old) });
    }
    const down = alone.filter(({ up }) => !up);
    const next = alone.filter(({ up }) => up).slice(0, Math.max(0, surge - surging));
    const chosen = [...down, ...next].map(({ node }) => node);
    if (chosen.length > 0) await this.#change(view, chosen, []);
  }

  /** Deletes as many pods of an old revision as may be missing; those that are down already come first. */
  async #deleteOutdated({ set, hash, owned }: View, unavailable: number): Promise<void> {
    const wanted = this.#nodes.list().filter((node) => runsOn(set, node)).length;
    const old = owned.filter(
      (pod) => hashOf(pod) !== hash && !pod.metadata?.deletionTimestamp && !isFinished(pod),
    );
    const isUp = (pod: Pod): boolean => this.#isUp(set, pod);
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

function createdAt({ metadata }: Pod): string {
  return metadata?.creationTimestamp ?? "";
}

function hashOf({ metadata }: Pod | ControllerRevision): string {
  return metadata?.labels?.[podRevisionLabel] ?? "";
}
