import type { Difference } from "./compare.ts";

/** A difference from Kubernetes that is known, with its reason. */
export interface AcceptedDifference {
  readonly title: string;
  /** For a reader who wonders why a lab looks different on a real cluster. */
  readonly reason: string;
  readonly covers: (difference: Difference) => boolean;
}

/** All accepted differences; `differences.md` is written from this list. */
export const acceptedDifferences: readonly AcceptedDifference[] = [
  {
    title: "Two steps of a rollout may show as one, or one as two",
    reason:
      "The deployment controller and the replicaset controller run beside each other, so a status may be written between a pod's end and its replacement's start or after both. Two recordings of the same rollout on a real Kubernetes differ in this too. The bounds are compared: neither may go above or below what the other shows.",
    covers: ({ where, recorded, replayed }) =>
      /\| (status\.(replicas|unavailableReplicas|readyReplicas|availableReplicas|updatedReplicas|terminatingReplicas|fullyLabeledReplicas)|spec\.replicas)$/.test(
        where,
      ) && everyPair(recorded, replayed, sameBounds),
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
      "Then it is refused and an Unhealthy event tells of it. A program starts faster or slower than the first probe on any machine.",
    covers: ({ where }) =>
      /Unhealthy (Readiness|Liveness|Startup) probe failed: Get .*connection refused$/.test(where),
  },
  {
    title: "How a probe of a pod that is being stopped fails",
    reason:
      "A readiness probe may be under way when its container ends, or come just after. On a real node the packet is lost and the probe times out; here, on loopback, the connection is reset or refused. Either way it is one more Unhealthy event, and by chance.",
    covers: ({ where }) =>
      where.includes("Unhealthy Readiness probe failed") &&
      /context deadline exceeded|connection reset by peer|EOF$/.test(where),
  },
  {
    title: "What repeats may have repeated a few times more or less when the recording ends",
    reason:
      "A real kubelet looks at a pod that cannot start every 10 to 15 seconds, at random; probes start at an offset of their own and are sent once more at once when a pod's readiness changes.",
    covers: ({ where, recorded, replayed }) =>
      where.startsWith("events on Pod ") &&
      everyPair(
        recorded,
        replayed,
        / Normal (Created|Started|Killing) /.test(where) ? oneApart : nearCounts,
      ),
  },
  {
    title: "A back-off ends when it is over",
    reason:
      "A real kubelet notices the end of a back-off when it next looks at the pod, up to five seconds late (10 s were recorded as 10.3 to 12.8, 20 s as 24.3 to 26.7). Here the container starts on time, so a recording that is cut off shows fewer restarts than the replay.",
    covers: ({ where, recorded, replayed }) =>
      !where.startsWith("events ") && everyPair(recorded, replayed, isCutOff),
  },
  {
    title: "A run that is over at once may not be seen",
    reason:
      "A container that ends within milliseconds may have ended before the kubelet writes that it runs; then its status goes from one end to the next, with the restart counted.",
    covers: ({ where, recorded, replayed }) =>
      /^pods .* \| container .* state$/.test(where) &&
      everyPair(recorded, replayed, (one, other) => {
        const [a, b] = [withoutBriefRuns(one), withoutBriefRuns(other)];
        return a === b || isCutOff(a, b);
      }),
  },
  {
    title: "Which of many similar events are combined",
    reason:
      "After the tenth similar event on an object Kubernetes forgets one message at random; an event with a remembered message counts up, any other joins the combined one. The sum is the same.",
    covers: ({ where }) =>
      /^events on (Deployment|ReplicaSet) .* Normal (ScalingReplicaSet|SuccessfulCreate|SuccessfulDelete) /.test(
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
    Math.max(...a) === Math.max(...b) &&
    Math.min(...a) === Math.min(...b)
  );
}

function nearCounts(one: string, other: string): boolean {
  const [a, b] = [one.split(", ").map(Number), other.split(", ").map(Number)];
  return (
    a.length === b.length &&
    a.every((count, index) => Math.abs(count - (b[index] ?? 0)) <= Math.max(2, count / 2))
  );
}

/** Takes out runs between two ends that look the same. */
function withoutBriefRuns(life: string): string {
  return life.replaceAll(/(terminated [^→]*?) → running → \1(?= →|$)/g, "$1");
}

function oneApart(one: string, other: string): boolean {
  return Math.abs(Number(one) - Number(other)) <= 1;
}

/** Whether one life is the beginning of the other, a step or two shorter. */
function isCutOff(one: string, other: string): boolean {
  const [short = "", long = ""] = [one, other].toSorted((a, b) => a.length - b.length);
  return long.startsWith(short) && long.slice(short.length).split(" → ").length <= 3;
}
