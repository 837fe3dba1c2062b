import { join } from "node:path";
import type { Container, Pod } from "kubernetes-types/core/v1";
import { toGoDuration } from "./back-off.ts";
import { configure } from "./container-config.ts";
import { eventsOf } from "./container-events.ts";
import { ContainerInstance } from "./container-instance.ts";
import { stopContainer } from "./container-stopper.ts";
import { ContainerConfigError } from "./environment.ts";
import type { PodFacts } from "./field-refs.ts";
import type { Mount } from "./file-view.ts";
import { ensureImage } from "./image-puller.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { runHook } from "./lifecycle-hook.ts";
import { podReference, type ContainerRun } from "./pod-model.ts";
import type { PodVolumes } from "./pod-volumes.ts";
import type { PodSandbox } from "../pod-network.ts";
import { refusalOf, refusedContainerField } from "./refusals.ts";
import { xMustNotBeRoot } from "./run-as-non-root.ts";
import { StartError } from "./start-error.ts";

/** The pod, as one of its containers is started into it. */
export interface StartInput {
  readonly facts: PodFacts;
  readonly sandbox: PodSandbox;
  readonly hostFiles: readonly Mount[];
  readonly volumes: PodVolumes;
  readonly podFolder: string;
  readonly container: Container;
  readonly isInit: boolean;
  readonly restartCount: number;
  /** The pod is to end. */
  readonly signal: AbortSignal;
  /** Takes the new run as soon as it exists. */
  readonly onCreated: (instance: ContainerInstance) => void;
}

/** A container that ended is not started again yet. */
export class CrashLoopBackOff extends StartError {
  readonly remainingMs: number;

  constructor(message: string, remainingMs: number) {
    super("CrashLoopBackOff", message);
    this.remainingMs = remainingMs;
  }
}

/** Throws a CrashLoopBackOff where the run that ended last is too recent; else counts this restart. */
export function xMustNotBackOff(
  pod: Pod,
  container: Container,
  isInit: boolean,
  ended: ContainerRun | undefined,
  context: KubeletContext,
): void {
  if (!ended?.termination) return;
  const { restartBackOff: backOff, events } = context;
  const key = `${pod.metadata?.uid}_${container.name}`;
  const { finishedAtMs } = ended.termination;
  const remainingMs = backOff.remainingMs(key, finishedAtMs);
  if (remainingMs > 0) {
    eventsOf(events, pod, container, isInit).warn(
      "BackOff",
      `Back-off restarting failed container ${container.name} in pod ${podReference(pod)}`,
    );
    const wait = toGoDuration(backOff.currentMs(key));
    throw new CrashLoopBackOff(
      `back-off ${wait} restarting failed container=${container.name} pod=${podReference(pod)}`,
      remainingMs,
    );
  }
  backOff.next(key, finishedAtMs);
}

/** Pulls, creates and starts a container and runs its postStart hook, reporting each. Throws a StartError. */
export async function startContainer(input: StartInput, context: KubeletContext): Promise<void> {
  const { container, isInit, facts, podFolder, restartCount } = input;
  const events = eventsOf(context.events, facts.pod, container, isInit);
  try {
    const image = ensureImage(facts.pod, container, context, events);
    const folder = join(podFolder, "containers", container.name, String(restartCount));
    const config = await createConfig(input, image, folder, context);
    const logPath = join(podFolder, "logs", container.name, `${restartCount}.log`);
    const { stateDir, clock } = context;
    const instance = new ContainerInstance({
      container,
      config,
      restartCount,
      folder,
      logPath,
      stateDir,
      clock,
    });
    events.tell("Created", "Container created");
    await launch(instance, input, context);
    events.tell("Started", "Container started");
    await postStart(instance, input, context);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const text =
      error.reason === "CreateContainerConfigError" || error.reason === "RunContainerError"
        ? error.message
        : error.reason;
    if (error.reason !== "PostStartHookError") events.warn("Failed", `Error: ${text}`);
    throw error;
  }
}

async function createConfig(
  input: StartInput,
  image: Parameters<typeof configure>[0]["image"],
  folder: string,
  context: KubeletContext,
): ReturnType<typeof configure> {
  const refused = refusedContainerField(input.container, input.isInit);
  if (refused) throw new StartError("CreateContainerConfigError", refusalOf(refused));
  try {
    const config = await configure({ ...input, image, folder }, context);
    xMustNotBeRoot(input.facts.pod, input.container, image);
    return config;
  } catch (error) {
    if (!(error instanceof ContainerConfigError)) throw error;
    throw new StartError("CreateContainerConfigError", error.message, { cause: error });
  }
}

/** How long a started program has the slot to boot in, before the next one begins to compete with it. */
const bootMs = 100;

async function launch(
  instance: ContainerInstance,
  input: StartInput,
  { startSlots, clock }: KubeletContext,
): Promise<void> {
  const release = await startSlots.take();
  try {
    input.signal.throwIfAborted();
    await instance.start();
  } catch (error) {
    release();
    input.onCreated(instance);
    const text = error instanceof Error ? error.message : String(error);
    throw new StartError("RunContainerError", text, { cause: error });
  }
  clock.after(bootMs, release);
  input.onCreated(instance);
}

async function postStart(
  instance: ContainerInstance,
  input: StartInput,
  context: KubeletContext,
): Promise<void> {
  const { container, isInit, facts, sandbox, signal } = input;
  if (!container.lifecycle?.postStart) return;
  try {
    await runHook("postStart", { pod: facts.pod, instance, ip: sandbox.ip, context, signal });
  } catch (error) {
    const events = eventsOf(context.events, facts.pod, container, isInit);
    events.warn("FailedPostStartHook", "PostStartHook failed");
    await stopContainer(
      instance,
      {
        pod: facts.pod,
        isInit,
        ip: sandbox.ip,
        graceMs: () => (facts.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000,
        message: "FailedPostStartHook",
      },
      context,
    );
    const text = error instanceof Error ? error.message : String(error);
    throw new StartError("PostStartHookError", text, { cause: error });
  }
}
