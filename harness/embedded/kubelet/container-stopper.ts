import type { Pod } from "kubernetes-types/core/v1";
import { eventsOf } from "./container-events.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { runHook } from "./lifecycle-hook.ts";

export interface StopOptions {
  readonly pod: Pod;
  readonly isInit: boolean;
  readonly ip: string;
  /** The grace period; asked again while waiting, for it can be shortened. */
  readonly graceMs: () => number;
  /** The event's text. */
  readonly message: string;
  /** Resolves when it is this container's turn to be told. @default at once */
  readonly turn?: Promise<unknown> | undefined;
}

/** Kubernetes: a container always gets this long between SIGTERM and SIGKILL. */
const shortestGraceMs = 2000;
/** How often a grace period that may have been shortened is looked at. */
const lookMs = 250;

/** preStop, SIGTERM, the grace period, SIGKILL. Resolves once the container has ended and that is noticed. */
export async function stopContainer(
  instance: ContainerInstance,
  options: StopOptions,
  context: KubeletContext,
): Promise<void> {
  if (!instance.isRunning) {
    instance.notice();
    return;
  }
  const { clock } = context;
  const beganMs = clock.now();
  eventsOf(context.events, options.pod, instance.container, options.isInit).tell(
    "Killing",
    options.message,
  );
  const deadline = (): number => beganMs + options.graceMs();
  await preStop(instance, options, deadline, context);
  if (options.turn) await until(options.turn, deadline, context);
  const leastMs = clock.now() + shortestGraceMs;
  instance.process?.terminate();
  await until(instance.exited, () => Math.max(deadline(), leastMs), context);
  instance.process?.kill();
  await instance.exited;
  instance.notice();
}

async function preStop(
  instance: ContainerInstance,
  { pod, isInit, ip }: StopOptions,
  deadline: () => number,
  context: KubeletContext,
): Promise<void> {
  if (!instance.container.lifecycle?.preStop) return;
  const stopped = new AbortController();
  const { signal } = stopped;
  const ran = runHook("preStop", { pod, instance, ip, context, signal }).catch((error: unknown) => {
    if (stopped.signal.aborted) return;
    const events = eventsOf(context.events, pod, instance.container, isInit);
    events.warn("FailedPreStopHook", "PreStopHook failed");
    context.log(`preStop of ${instance.container.name} failed`, error);
  });
  await until(Promise.race([ran, instance.exited]), deadline, context);
  stopped.abort(new Error("the grace period is over"));
}

/** Waits for `what`, but not beyond a deadline that may move closer. */
async function until(
  what: Promise<unknown>,
  deadline: () => number,
  { clock }: KubeletContext,
): Promise<void> {
  const settled = what.then(
    () => true,
    () => true,
  );
  for (;;) {
    const leftMs = deadline() - clock.now();
    if (leftMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(Math.min(leftMs, lookMs), () => resolve(false));
    const done = await Promise.race([settled, promise]);
    cancel();
    if (done) return;
  }
}
