import type { Container } from "kubernetes-types/core/v1";
import type { ContainerInstance } from "./container-instance.ts";
import { CrashLoopBackOff, startContainer, xMustNotBackOff } from "./container-starter.ts";
import { stopContainer } from "./container-stopper.ts";
import { isSidecar, shallRestart, type ContainerRun } from "./pod-model.ts";
import type { PodState } from "./pod-state.ts";
import { retryMs, withJitter } from "./retry.ts";
import { StartError } from "./start-error.ts";

/** The run of each container that had ended last when the sync began. */
export type EndedRuns = ReadonlyMap<string, ContainerRun | undefined>;
type Outcome = number | "started";

/** Starts, restarts and stops containers as the pod wishes. Says after what time to look again, or that one started. */
export async function advanceContainers(state: PodState, endedRuns: EndedRuns): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const { initContainers = [], containers = [] } = state.pod.spec ?? {};
  const mainsBegan = containers.some(({ name }) => state.runs.newest(name));
  let initialized = true;
  for (const container of initContainers) {
    if (!initialized) break;
    const done = mainsBegan && !isSidecar(container);
    if (!done)
      initialized = (await advance(state, container, true, endedRuns, outcomes)) || mainsBegan;
  }
  if (initialized)
    for (const container of containers) await advance(state, container, false, endedRuns, outcomes);
  if (outcomes.includes("started")) return "started";
  const waits = outcomes.filter((outcome) => outcome !== "started");
  return waits.length > 0 ? Math.min(...waits) : withJitter(state.context.resyncMs);
}

/** Brings one container on. Answers, for an init container, whether the next one may begin. */
async function advance(
  state: PodState,
  container: Container,
  isInit: boolean,
  endedRuns: EndedRuns,
  outcomes: Outcome[],
): Promise<boolean> {
  const { runs, prober, context } = state;
  state.ending.throwIfAborted();
  const run = runs.newest(container.name);
  // It ended after this sync had looked: the next one, which knows how it ended, decides.
  if (run?.termination && endedRuns.get(container.name) !== run) return false;
  if (run && !run.termination) {
    const failed = run.isRunning && prober?.failedProbe(container, run.id);
    if (!failed) return isInit && isSidecar(container) && (prober?.isStarted(container) ?? false);
    await stopForProbe(state, run, failed, isInit);
    state.ending.throwIfAborted();
  }
  if (isInit && !isSidecar(container) && run?.termination?.exitCode === 0) return true;
  if (!shallRestart(state.pod, container, runs.newest(container.name), isInit)) return false;
  try {
    xMustNotBackOff(state.pod, container, isInit, endedRuns.get(container.name), context);
    await start(state, container, isInit);
    runs.started(container.name);
    outcomes.push("started");
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    runs.failed(container.name, error);
    outcomes.push(...waitsAfter(error, state, container, endedRuns));
  }
  return false;
}

function waitsAfter(
  error: StartError,
  { context, runs, sandbox }: PodState,
  { name }: Container,
  endedRuns: EndedRuns,
): number[] {
  const { relistMs, resyncMs, clock } = context;
  const isBackOff = error instanceof CrashLoopBackOff;
  const waits = [isBackOff ? Math.min(error.remainingMs, resyncMs) : withJitter(retryMs)];
  // The next look at the processes finds that something has changed: a sandbox, or a run that was stopped.
  const changed = runs.lastEnded(name) !== endedRuns.get(name);
  const fresh = clock.now() - (sandbox?.madeAtMs ?? 0) < relistMs / 2;
  if (changed || fresh) waits.push(relistMs / 2);
  return waits;
}

async function start(state: PodState, container: Container, isInit: boolean): Promise<void> {
  const { sandbox, runs, volumes, folder, facts } = state;
  if (!sandbox) throw new Error("a container needs its pod's sandbox");
  const previous = runs.newest(container.name);
  await startContainer(
    {
      facts,
      sandbox: sandbox.network,
      hostFiles: sandbox.hostFiles,
      volumes,
      podFolder: folder,
      container,
      isInit,
      restartCount: previous ? previous.restartCount + 1 : 0,
      signal: state.ending,
      onCreated: (instance) => runs.add(container.name, instance),
    },
    state.context,
  );
}

function stopForProbe(
  state: PodState,
  run: ContainerInstance,
  kind: "startup" | "liveness",
  isInit: boolean,
): Promise<void> {
  const { pod, ip, context } = state;
  const own = run.container[`${kind}Probe`]?.terminationGracePeriodSeconds;
  const probeMs = (own ?? pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  return stopContainer(
    run,
    {
      pod,
      isInit,
      ip,
      graceMs: () => (state.mustEnd ? Math.min(probeMs, state.graceMs) : probeMs),
      message: `Container ${run.container.name} failed ${kind} probe, will be restarted`,
    },
    context,
  );
}

/** Kubernetes: once no container but sidecars runs or will run, the pod ends them too. */
export function isDone({ pod, runs }: PodState, endedRuns: EndedRuns): boolean {
  return (pod.spec?.containers ?? []).every((container) => {
    const run = runs.newest(container.name);
    const ended = run !== undefined && endedRuns.get(container.name) === run;
    return ended && !shallRestart(pod, container, run, false);
  });
}

/** Ends everything that runs: sidecars last, in the reverse of the order they began in, as Kubernetes does. */
export async function stopContainers(state: PodState): Promise<void> {
  const { initContainers = [], containers = [] } = state.pod.spec ?? {};
  const regular = initContainers.filter((container) => !isSidecar(container));
  const stopping = [
    ...containers.map((it) => stopOne(state, it, false)),
    ...regular.map((it) => stopOne(state, it, true)),
  ];
  let turn: Promise<unknown> = Promise.all(stopping);
  for (const container of initContainers.filter(isSidecar).toReversed()) {
    const stopped = stopOne(state, container, true, turn);
    stopping.push(stopped);
    turn = Promise.all([turn, stopped]);
  }
  await Promise.all(stopping);
}

async function stopOne(
  state: PodState,
  { name }: Container,
  isInit: boolean,
  turn?: Promise<unknown>,
): Promise<void> {
  const run = state.runs.newest(name);
  if (!run) return;
  const { pod, ip, context } = state;
  const message = `Stopping container ${name}`;
  const graceMs = (): number => state.graceMs;
  await stopContainer(run, { pod, isInit, ip, graceMs, message, turn }, context);
}
