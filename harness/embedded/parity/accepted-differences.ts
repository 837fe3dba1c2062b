import type { Difference } from "./compare.ts";

/** A difference from Kubernetes that is known, with its reason. */
export interface AcceptedDifference {
  readonly title: string;
  /** For a reader who wonders why a lab looks different on a real cluster. */
  readonly reason: string;
  readonly covers: (difference: Difference) => boolean;
}

/** How many times more or less an event on a pod may have come. */
const limits: readonly (readonly [RegExp, number])[] = [
  [/^events on Pod .* Warning Unhealthy Readiness /, 4],
  [/^events on Pod .* Warning Unhealthy (Liveness|Startup) /, 1],
  [/^events on Pod .* (Warning (BackOff|Failed|FailedMount)|Normal (BackOff|Pulling|Pulled)) /, 2],
];

/** All accepted differences; `differences.md` is written from this list. */
export const acceptedDifferences: readonly AcceptedDifference[] = [
  {
    title: "Two steps of a rollout may show as one, or one as two",
    reason:
      "The deployment controller and the replicaset controller run beside each other, so a status may be written between a pod's end and its replacement's start or after both. Two recordings of the same rollout on a real Kubernetes differ in this too. Between one change of the Deployment and the next, counts begin and end alike, and the highest and the lowest are at most one pod apart.",
    covers: ({ where, recorded, replayed }) =>
      /\| (status\.\w*[rR]eplicas|spec\.replicas) of generation \d+$/.test(where) &&
      everyPair(recorded, replayed, sameBounds),
  },
  {
    title: "Steps of a rollout that fall together are one event",
    reason:
      "For the same reason a ReplicaSet may be scaled by two at once or by one twice. The number of such events differs by at most two in a scenario of thirty.",
    covers: ({ where, recorded, replayed }) =>
      where.endsWith("| Normal ScalingReplicaSet in all") &&
      everyPair(recorded, replayed, atMostApart(2)),
  },
  {
    title: "An endpoint may be seen as ready at once, or as not ready first",
    reason:
      "An endpoint appears when the kubelet has written the pod's address. Where the first readiness probe succeeds before that write, nobody sees it not ready.",
    covers: ({ where, recorded, replayed }) =>
      where.startsWith("endpoints ") &&
      [...recorded, ...replayed].every((life) =>
        /^(not ready → )?ready\+serving( → serving\+terminating( → gone)?)?$/.test(life),
      ),
  },
  {
    title: "The first readiness probe may come before or after the program listens",
    reason:
      "Then it is refused and an Unhealthy event tells of it, once a run. Here the first readiness and liveness probes of a run wait up to 1.5 s for a program that still boots, because a Node program takes longer to listen than the programs of real images.",
    covers: ({ where, recorded, replayed }) =>
      /Unhealthy Readiness probe failed: Get .*connection refused$/.test(where) &&
      [...recorded, ...replayed].every(isOnceEach),
  },
  {
    title: "How a probe of a pod that is being stopped fails",
    reason:
      "A readiness probe may be under way when its container ends, or come just after. On a real node the packet is lost and the probe times out; here, on loopback, the connection is reset or refused. Either way it is one more Unhealthy event, and by chance.",
    covers: ({ where, recorded, replayed }) =>
      where.includes("Unhealthy Readiness probe failed") &&
      /context deadline exceeded.*|connection reset by peer|EOF$/.test(where) &&
      [...recorded, ...replayed].every(isOnceEach),
  },
  {
    title: "What repeats may have repeated a few times more or less when the recording ends",
    reason:
      "A real kubelet looks at a pod that cannot start every 10 to 15 seconds, at random: such events may come twice more or less. Probes start at an offset of their own, and a readiness probe is sent once more at once when the pod's readiness changes: up to four more or less. What a liveness or startup probe counts decides, so there it is one.",
    covers: ({ where, recorded, replayed }) => {
      const limit = limits.find(([events]) => events.test(where))?.[1] ?? 0;
      return everyPair(recorded, replayed, atMostApart(limit));
    },
  },
  {
    title: "A run that is over at once may not be seen",
    reason:
      "A container that ends within milliseconds may have ended before the kubelet writes that it runs; then its status goes from one end to the next, with the restart counted.",
    covers: ({ where, recorded, replayed }) =>
      /^pods .* \| container .* state$/.test(where) &&
      everyPair(
        recorded,
        replayed,
        (one, other) => withoutBriefRuns(one) === withoutBriefRuns(other),
      ),
  },
  {
    title: "A node tells a container's resources when it next looks",
    reason:
      "`resources` in a container's status comes with the first look at its cgroup, up to a second after its start; a status written before leaves it out.",
    covers: ({ where, recorded, replayed }) =>
      /^pods .* \| status as last seen$/.test(where) &&
      [...recorded, ...replayed].every((leaf) =>
        /^(containerStatuses\.\d+\.)?resources\b/.test(leaf),
      ),
  },
  {
    title: "Which of many similar events are combined",
    reason:
      "After the tenth similar event on an object Kubernetes forgets one message at random; an event with a remembered message counts up, any other joins the combined one. The sum is compared.",
    covers: ({ where }) =>
      /^events on (Deployment|ReplicaSet) .* Normal (ScalingReplicaSet|SuccessfulCreate|SuccessfulDelete) (?!in all$)/.test(
        where,
      ),
  },
];

function everyPair(
  recorded: readonly string[],
  replayed: readonly string[],
  agree: (one: string, other: string) => boolean,
): boolean {
  if (recorded.length === 0 || replayed.length === 0) return false;
  const matched = (life: string, others: readonly string[]): boolean =>
    others.some((other) => agree(life, other));
  return (
    recorded.every((life) => matched(life, replayed)) &&
    replayed.every((life) => matched(life, recorded))
  );
}

function sameBounds(one: string, other: string): boolean {
  const [a, b] = [one.split(" → ").map(Number), other.split(" → ").map(Number)];
  return (
    a[0] === b[0] &&
    a.at(-1) === b.at(-1) &&
    Math.abs(Math.max(...a) - Math.max(...b)) <= 1 &&
    Math.abs(Math.min(...a) - Math.min(...b)) <= 1
  );
}

/** Whether the same number of events counted up to at most so many more or less. */
function atMostApart(limit: number): (one: string, other: string) => boolean {
  return (one, other) => {
    const [a, b] = [one.split(", ").map(Number), other.split(", ").map(Number)];
    return (
      a.length === b.length && a.every((count, index) => Math.abs(count - (b[index] ?? 0)) <= limit)
    );
  };
}

function isOnceEach(life: string): boolean {
  return life.split(", ").every((count) => count === "1");
}

/** Takes out runs between two ends that look the same. */
function withoutBriefRuns(life: string): string {
  return life.replaceAll(/(terminated [^→]*?) → running → \1(?= →|$)/g, "$1");
}
