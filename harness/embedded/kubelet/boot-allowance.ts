/**
 * A program of a real image listens a few milliseconds after its start; ours takes the time that Node needs to boot. A
 * first readiness or liveness probe that is refused waits this long for it before it counts.
 */
export const bootAllowanceMs = 1_500;
/** A postStart waits longer: what a probe would only report ends the container here. */
export const postStartAllowanceMs = 5_000;
/** Between two attempts. */
export const bootRetryMs = 20;
