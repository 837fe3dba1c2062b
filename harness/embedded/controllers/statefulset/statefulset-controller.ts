import { isDeepStrictEqual } from "node:util";
import type { ControllerRevision, StatefulSet } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { pods, statefulSets } from "../../resources.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import type { Informer } from "../../informer.ts";
import { isStatus } from "../../status-error.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { parseKey } from "../loop/key.ts";
import { claim } from "../objects/claim.ts";
import { scaledValue } from "../objects/int-or-percent.ts";
import { isAvailable, isFinished, msUntilNextAvailable } from "../objects/pod-state.ts";
import { isNamespaceTerminating, PodControl } from "../pods/pod-control.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import { pruneRevisions, syncRevisions, templateOf } from "../revisions/controller-revisions.ts";
import { ordinalOf, wantedOrdinals, withIdentity } from "./identity.ts";
import {
  isOfRevision,
  minReadySecondsOf,
  type RevisionNames,
  statefulSetStatus,
} from "./statefulset-status.ts";

interface View {
  readonly set: StatefulSet;
  readonly byOrdinal: ReadonlyMap<number, Pod>;
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

/** Keeps pods with lasting names: made, replaced and removed one after the other, or all at once where asked to. */
export class StatefulSetController implements Controller {
  readonly name = "statefulset";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #podControl: PodControl;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#sets = context.caches.of(statefulSets);
    this.#pods = context.caches.of(pods);
    this.#recorder = context.recorder("statefulset-controller");
    this.#podControl = new PodControl(context.client, this.#recorder, statefulSets);
  }

  watch(enqueue: Enqueue): void {
    const { resource, owners } = { resource: statefulSets, owners: this.#sets };
    watchOwnedPods({ resource, owners, pods: this.#pods }, enqueue);
  }

  async reconcile(key: string): Promise<Result> {
    const set = this.#sets.get(parseKey(key));
    if (!set) return "done";
    const owned = await this.#claimPods(set);
    const byOrdinal = new Map(
      owned.flatMap((pod): [number, Pod][] => {
        const ordinal = ordinalOf(set, pod);
        return ordinal === undefined ? [] : [[ordinal, pod]];
      }),
    );
    const counted = [...byOrdinal.values()];
    if (set.metadata?.deletionTimestamp) {
      const { currentRevision: current = "", updateRevision: update = "" } = set.status ?? {};
      await this.#writeStatus(set, counted, { current, update });
      return "done";
    }
    const { update, all } = await syncRevisions(this.#context.client, {
      resource: statefulSets,
      owner: set,
      template: set.spec?.template ?? {},
      selector: set.spec?.selector,
      hashLabel: "controller.kubernetes.io/hash",
    });
    const current =
      all.find(({ metadata }) => metadata?.name === set.status?.currentRevision) ?? update;
    const names = { current: nameOf(current), update: nameOf(update) };
    let replaced = 0;
    try {
      replaced = await this.#step({ set, byOrdinal, current, update });
    } finally {
      await this.#writeStatus(set, counted, names, replaced);
    }
    await this.#prune(set, owned, all);
    return this.#untilAvailable(set, owned);
  }

  #claimPods(set: StatefulSet): Promise<Pod[]> {
    return claim({
      client: this.#context.client,
      ownerResource: statefulSets,
      owner: set,
      selector: set.spec?.selector,
      resource: pods,
      candidates: this.#pods.list(set.metadata?.namespace ?? ""),
      mayAdopt: (pod) => ordinalOf(set, pod) !== undefined,
    });
  }

  /** Creates what is missing, then removes what is too many, then replaces what is of an old revision: how many. */
  async #step(view: View): Promise<number> {
    const { set, byOrdinal } = view;
    const ordered = set.spec?.podManagementPolicy !== "Parallel";
    const wanted = wantedOrdinals(set);
    for (const ordinal of wanted) {
      const settled = await this.#keep(view, ordinal);
      if (!settled && ordered) return 0;
    }
    const tooMany = [...byOrdinal.keys()].filter((ordinal) => !wanted.includes(ordinal));
    for (const ordinal of tooMany.toSorted((one, other) => other - one)) {
      const pod = byOrdinal.get(ordinal);
      if (ordered && pod && this.#waitsForOthers(set, pod, tooMany, byOrdinal)) return 0;
      if (pod && !pod.metadata?.deletionTimestamp) await this.#delete(set, pod);
      if (ordered) return 0;
    }
    return set.spec?.updateStrategy?.type === "OnDelete" ? 0 : this.#replace(view, wanted);
  }

  /** Kubernetes: of several pods to remove that are down, only the lowest goes before it is well again. */
  #waitsForOthers(
    set: StatefulSet,
    pod: Pod,
    tooMany: readonly number[],
    byOrdinal: View["byOrdinal"],
  ): boolean {
    const isDown = (one: Pod): boolean => !this.#isUp(set, one);
    const lowest = tooMany
      .toSorted((one, other) => one - other)
      .flatMap((ordinal) => byOrdinal.get(ordinal) ?? [])
      .find(isDown);
    return isDown(pod) && pod !== lowest;
  }

  /** Whether the pod of this ordinal is up; makes it where it is not there. */
  async #keep(view: View, ordinal: number): Promise<boolean> {
    const pod = view.byOrdinal.get(ordinal);
    if (!pod) {
      await this.#create(view, ordinal);
      return false;
    }
    if (isFinished(pod)) {
      if (!pod.metadata?.deletionTimestamp) await this.#delete(view.set, pod);
      return false;
    }
    return this.#isUp(view.set, pod);
  }

  #isUp(set: StatefulSet, pod: Pod): boolean {
    const nowMs = this.#context.clock.now();
    return !pod.metadata?.deletionTimestamp && isAvailable(pod, minReadySecondsOf(set), nowMs);
  }

  /** From the highest ordinal down to the partition: one pod at a time, and only while the others are well. */
  async #replace(view: View, wanted: readonly number[]): Promise<number> {
    const { set, byOrdinal, update } = view;
    const limit = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
    if (limit !== undefined) return this.#replaceSeveral(view, wanted, limit);
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const start = wanted[0] ?? 0;
    for (const ordinal of wanted.toReversed()) {
      const pod = byOrdinal.get(ordinal);
      if (!pod || ordinal - start < partition) return 0;
      const outdated = !isOfRevision(pod, nameOf(update));
      if (outdated && !pod.metadata?.deletionTimestamp) {
        await this.#delete(set, pod);
        return 1;
      }
      if (!this.#isUp(set, pod)) return 0;
    }
    return 0;
  }

  /** As many at once as may be missing, counting those that are missing already. */
  async #replaceSeveral(
    { set, byOrdinal, update }: View,
    wanted: readonly number[],
    limit: number | string,
  ): Promise<number> {
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const mayMiss = Math.max(1, scaledValue(limit, wanted.length, "down"));
    const missing = wanted.filter((ordinal) => {
      const pod = byOrdinal.get(ordinal);
      return !pod || !this.#isUp(set, pod);
    });
    const outdated = wanted.slice(partition).flatMap((ordinal) => {
      const pod = byOrdinal.get(ordinal);
      const isOld = pod && !isOfRevision(pod, nameOf(update));
      return isOld && !pod.metadata?.deletionTimestamp ? [pod] : [];
    });
    const mayGo = Math.max(0, mayMiss - missing.length);
    const chosen = outdated.toReversed().slice(0, mayGo);
    for (const pod of chosen) await this.#delete(set, pod);
    return chosen.length;
  }

  async #create({ set, current, update }: View, ordinal: number): Promise<void> {
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const start = wantedOrdinals(set)[0] ?? 0;
    const revision = ordinal - start < partition ? current : update;
    const name = `${set.metadata?.name}-${ordinal}`;
    const plain = this.#podControl.podFrom(templateOf(revision), set, { name });
    const pod = withIdentity(set, plain, ordinal, nameOf(revision));
    try {
      await this.#context.client.create(pods, pod);
    } catch (error) {
      if (isStatus(error, "AlreadyExists") || isNamespaceTerminating(error)) return;
      const text = error instanceof Error ? error.message : String(error);
      const message = `create Pod ${name} in StatefulSet ${set.metadata?.name} failed error: ${text}`;
      this.#report(set, "Warning", "FailedCreate", message);
      throw error;
    }
    const message = `create Pod ${name} in StatefulSet ${set.metadata?.name} successful`;
    this.#report(set, "Normal", "SuccessfulCreate", message);
  }

  async #delete(set: StatefulSet, { metadata }: Pod): Promise<void> {
    const { namespace, name = "", uid = "" } = metadata ?? {};
    try {
      await this.#context.client.delete(pods, { namespace, name }, { preconditions: { uid } });
    } catch (error) {
      if (isStatus(error, "NotFound") || isStatus(error, "Conflict")) return;
      throw error;
    }
    const message = `delete Pod ${name} in StatefulSet ${set.metadata?.name} successful`;
    this.#report(set, "Normal", "SuccessfulDelete", message);
  }

  #report(set: StatefulSet, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.record(referenceTo(statefulSets, set), type, reason, message);
  }

  async #writeStatus(
    set: StatefulSet,
    owned: readonly Pod[],
    revisions: RevisionNames,
    replaced = 0,
  ): Promise<void> {
    const status = statefulSetStatus(set, owned, revisions, replaced, this.#context.clock.now());
    if (isDeepStrictEqual({ ...set.status }, status)) return;
    const { client } = this.#context;
    await client.update(statefulSets, { ...set, status }, { subresource: "status" });
  }

  async #prune(
    set: StatefulSet,
    owned: readonly Pod[],
    all: readonly ControllerRevision[],
  ): Promise<void> {
    const { currentRevision, updateRevision } = set.status ?? {};
    if (currentRevision === undefined || updateRevision === undefined) return;
    const names = all.map(nameOf);
    const ofPods = names.filter((name) => owned.some((pod) => isOfRevision(pod, name)));
    const inUse = new Set([currentRevision, updateRevision, ...ofPods]);
    const limit = set.spec?.revisionHistoryLimit ?? 10;
    await pruneRevisions(this.#context.client, all, inUse, limit);
  }

  /** Availability may come with time alone. */
  #untilAvailable(set: StatefulSet, owned: readonly Pod[]): Result {
    const afterMs = msUntilNextAvailable(owned, minReadySecondsOf(set), this.#context.clock.now());
    return afterMs === undefined ? "done" : { afterMs };
  }
}

function nameOf({ metadata }: ControllerRevision): string {
  return metadata?.name ?? "";
}
