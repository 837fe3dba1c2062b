import type { Clock } from "../../time/clock.ts";
import { scenarios } from "./scenarios.ts";
import { Session } from "./session.ts";
import { cutWhereRecordingEnds, endOfReplay, restartsOf } from "./restarts.ts";
import { readActions, readTrace, type Trace } from "./trace.ts";

/** The last things recorded may come a little later here. */
const settleMs = 1_500;

/** Where and how long a scenario is played. */
export interface ReplayOptions {
  readonly kubeConfigPath: string;
  readonly clock: Clock;
}

/** Plays a recorded scenario again, each action as long after the first as it was recorded. */
export async function replay(scenario: string, options: ReplayOptions): Promise<Trace> {
  const { clock, kubeConfigPath } = options;
  const steps = scenarios[scenario];
  if (!steps) throw new Error(`no scenario ${JSON.stringify(scenario)}`);
  await using session = new Session(kubeConfigPath, scenario, clock);
  await session.open();
  const actions = readActions(scenario).filter(({ action }) => steps[action]);
  const beginMs = firstMs(scenario, actions[0]?.t_ms ?? 0, "" in steps);
  let startMs = clock.now();
  const msUntil = (recordedMs: number): number => startMs + recordedMs - beginMs - clock.now();
  const until = (recordedMs: number): Promise<void> =>
    clock.sleep(Math.max(0, msUntil(recordedMs)));
  await steps[""]?.(session);
  for (const { t_ms, action } of actions) {
    await until(t_ms);
    await session.eventually(() => mustHaveRestarted(session.trace, restartsAt(scenario, t_ms)));
    await steps[action]?.(session);
    // On a busy machine what comes late moves what comes after it.
    startMs += Math.max(0, -msUntil(t_ms));
  }
  await until(lastMs(scenario) + settleMs);
  await session.eventually(() => mustHaveRestarted(session.trace, restartsAt(scenario, Infinity)));
  // On a busy machine the last restart comes late, and what was recorded after it too.
  const endMs = endOfReplay(readTrace(scenario), session.trace) ?? 0;
  await clock.sleep(Math.max(0, endMs - session.elapsedMs));
  if (endsWithNamespace(scenario)) await session.deleteNamespace();
  return cutWhereRecordingEnds(readTrace(scenario), session.trace);
}

/** How often containers had restarted at this time of the recording. */
function restartsAt(scenario: string, t_ms: number): number {
  const { pods } = readTrace(scenario);
  return restartsOf(pods.filter((line) => line.t_ms < t_ms));
}

/** An action that followed a restart must not come before it on a machine that is slower. */
async function mustHaveRestarted({ pods }: Trace, restarts: number): Promise<void> {
  const found = restartsOf(pods);
  if (found < restarts)
    throw new Error(`${found} restarts; recorded before the action: ${restarts}`);
}

/** When the recording's first object came, where no action says so. */
function firstMs(scenario: string, firstActionMs: number, early: boolean): number {
  return early ? (readTrace(scenario).deployments[0]?.t_ms ?? 0) : firstActionMs;
}

/** When the recording ends, or stood still before its namespace was deleted. */
function lastMs(scenario: string): number {
  const times = Object.values(readTrace(scenario)).flatMap((lines) =>
    lines.map(({ t_ms }) => t_ms),
  );
  return Math.max(...times.filter((ms) => ms <= 60_000));
}

/** Whether the deletion of the namespace is part of the recording. */
function endsWithNamespace(scenario: string): boolean {
  return readTrace(scenario).deployments.some(({ type }) => type === "DELETED");
}
