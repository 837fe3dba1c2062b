import { valueAt } from "./names.ts";
import type { Trace, TraceLine } from "./trace.ts";

/** How long after the recording's last moment the replay's may show what belongs to it. */
const slackMs = 1_000;

/** How often the containers of these pods have restarted, by what was seen last. */
export function restartsOf(pods: readonly TraceLine[]): number {
  const byPod = new Map<string, number>();
  for (const { object } of pods) {
    const statuses = valueAt(object, "status", "containerStatuses");
    const counts = (Array.isArray(statuses) ? (statuses as unknown[]) : []).map((one) =>
      Number(valueAt(one, "restartCount") ?? 0),
    );
    byPod.set(
      object.metadata?.uid ?? "",
      counts.reduce((sum, count) => sum + count, 0),
    );
  }
  return [...byPod.values()].reduce((sum, count) => sum + count, 0);
}

/**
 * The replay up to where the recording ends, counted from the last restart that was recorded: a real kubelet ends a
 * back-off up to five seconds late, and what the replay does with the time it won has nothing to be compared with.
 */
export function cutWhereRecordingEnds(recorded: Trace, replayed: Trace): Trace {
  const cutMs = endOfReplay(recorded, replayed);
  if (cutMs === undefined) return replayed;
  const kept = Object.entries(replayed).map(([resource, lines]) => [
    resource,
    lines.filter(({ t_ms }) => t_ms <= cutMs),
  ]);
  return Object.fromEntries(kept) as Trace;
}

/** The replay's moment that is the recording's last; undefined where the last restart is still to come, or there is none. */
export function endOfReplay(recorded: Trace, replayed: Trace): number | undefined {
  const restarts = restartsOf(recorded.pods);
  const [recordedMs, replayedMs] = [
    msOfRestart(recorded.pods, restarts),
    msOfRestart(replayed.pods, restarts),
  ];
  if (restarts === 0 || recordedMs === undefined || replayedMs === undefined) return undefined;
  return replayedMs + Math.max(...Object.values(recorded).flatMap(times)) - recordedMs + slackMs;
}

/** When the containers had restarted so often. */
function msOfRestart(pods: readonly TraceLine[], restarts: number): number | undefined {
  return pods.find((_, index) => restartsOf(pods.slice(0, index + 1)) >= restarts)?.t_ms;
}

function times(lines: readonly TraceLine[]): number[] {
  return lines.map(({ t_ms }) => t_ms);
}
