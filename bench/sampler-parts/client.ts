import autocannon from "autocannon";
import type { ClosedLoopPlan } from "../../harness/traffic/plan.ts";
import { outsideVantage } from "../../harness/traffic/vantage.ts";
import { systemClock } from "../../harness/time/clock.ts";
import { createSplit } from "../../harness/verdicts/split.ts";

/** One client for some seconds, after a warm-up; prints its requests, time and CPU as JSON. */
const [which = "", url = "", connections = "10", seconds = "2"] = process.argv.slice(2);

const WARM_UP_SECONDS = 0.7;
const clients: Record<string, (forSeconds: number) => Promise<number>> = {
  /** Attributes and judges every answer; a tolerance this small is never decided. */
  async sampler(forSeconds) {
    const plan: ClosedLoopPlan = { mode: "closed", url, connections: Number(connections) };
    const split = createSplit({ weights: { v1: 90, v2: 10 }, tolerance: 0.01, cap: Infinity });
    const stop = new AbortController();
    systemClock.after(forSeconds * 1000, () => stop.abort());
    const { sent } = await outsideVantage().send(
      plan,
      (observation) => split.add(observation),
      stop.signal,
    );
    const { v1, v2 } = split.live().targets;
    const attributed = (v1?.count ?? 0) + (v2?.count ?? 0);
    if (attributed < sent - Number(connections) || split.live().errors > 0)
      throw new Error(`only ${attributed} of ${sent} answers were attributed`);
    return attributed;
  },
  async autocannon(forSeconds) {
    const result = await autocannon({
      url,
      connections: Number(connections),
      duration: forSeconds,
    });
    if (result.errors + result.non2xx > 0) throw new Error("autocannon saw errors");
    return result["2xx"];
  },
};

const run = clients[which];
if (!run) throw new Error(`no client "${which}"`);
await run(WARM_UP_SECONDS);
const startMs = performance.now();
const cpu = process.cpuUsage();
const requests = await run(Number(seconds));
const elapsedMs = performance.now() - startMs;
const used = process.cpuUsage(cpu);
console.log(JSON.stringify({ requests, elapsedMs, cpuMs: (used.user + used.system) / 1000 }));
