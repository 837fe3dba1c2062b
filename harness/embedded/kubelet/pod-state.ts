import { join } from "node:path";
import type { Pod } from "kubernetes-types/core/v1";
import { referenceTo } from "../events.ts";
import { pods } from "../resources.ts";
import { fromTime } from "../timestamps.ts";
import type { PodFacts } from "./field-refs.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { PodRuns } from "./pod-runs.ts";
import type { RunningSandbox } from "./pod-sandbox.ts";
import { PodVolumes } from "./pod-volumes.ts";
import type { Prober } from "./prober.ts";
import { StatusWriter } from "./status-writer.ts";

/** Why the kubelet itself ended a pod. */
export interface PodVerdict {
  readonly reason: string;
  readonly message: string;
}

/** What the kubelet knows of one of its pods: what is wished, what runs, and what was written of it. */
export class PodState {
  readonly context: KubeletContext;
  readonly folder: string;
  readonly volumes: PodVolumes;
  readonly status: StatusWriter;
  readonly startTimeMs: number;
  readonly runs = new PodRuns();
  pod: Pod;
  sandbox: RunningSandbox | undefined;
  prober: Prober | undefined;
  verdict: PodVerdict | undefined;
  /** The address that the status tells: known one sync after the sandbox is. */
  statusIP: string | undefined;
  /** Nothing of the pod shall run any more, whether its object goes or stays. */
  finished = false;
  /** The pod's object is gone. */
  removed = false;
  readonly #ending = new AbortController();

  constructor(pod: Pod, context: KubeletContext) {
    this.pod = pod;
    this.context = context;
    this.folder = join(context.stateDir, "pods", pod.metadata?.uid ?? "");
    this.volumes = new PodVolumes(join(this.folder, "volumes"), context.sources, context.clock);
    this.status = new StatusWriter(context.client, pod);
    this.startTimeMs = fromTime(pod.status?.startTime) ?? context.clock.now();
  }

  get mustEnd(): boolean {
    return this.removed || this.finished || this.pod.metadata?.deletionTimestamp !== undefined;
  }

  /** Aborts once the pod is to end. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  abort(why: string): void {
    this.#ending.abort(new Error(why));
  }

  get ip(): string {
    return this.sandbox?.network.ip ?? "";
  }

  get facts(): PodFacts {
    const { nodeName, hostIP } = this.context;
    return { pod: this.pod, podIP: this.ip, hostIP, nodeName };
  }

  /** How long its containers may take to end. */
  get graceMs(): number {
    const { metadata, spec } = this.pod;
    const asked = metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds;
    return Math.max(1, asked ?? 30) * 1000;
  }

  /** Records an event of the pod. */
  tell(type: "Normal" | "Warning", reason: string, message: string): void {
    this.context.events.record(referenceTo(pods, this.pod), type, reason, message);
  }
}
