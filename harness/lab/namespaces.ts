import { isNotFound } from "../kube/api-error.ts";
import type { RunContext } from "./run-context.ts";

const cleanupTimeoutMs = 60_000;

/** Creates the lab's namespaces, labelled so that what belongs to a run can be told. */
export async function createNamespaces(context: RunContext): Promise<void> {
  const { kube, definition, runId, signal } = context;
  const labels = {
    "kubelab.dev/lab": definition.name,
    "kubelab.dev/run": runId,
    ...definition.options.namespaceLabels,
  };
  await Promise.all(
    context.spaces.map((space) =>
      kube.api.request("POST", "/api/v1/namespaces", {
        body: {
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name: kube.namespaceOf(space), labels },
        },
        signal,
      }),
    ),
  );
}

/** Deletes the lab's namespaces and waits until they are gone. Works after the run was interrupted too. */
export async function deleteNamespaces(context: RunContext): Promise<void> {
  const { kube, clock } = context;
  const paths = context.spaces.map((space) => `/api/v1/namespaces/${kube.namespaceOf(space)}`);
  const limit = new AbortController();
  const cancel = clock.after(cleanupTimeoutMs, () =>
    limit.abort(new Error(`${context.namespace} was not gone after ${cleanupTimeoutMs / 1000}s`)),
  );
  try {
    await Promise.all(paths.map((path) => deleteAndWait(context, path, limit.signal)));
  } finally {
    cancel();
  }
}

async function deleteAndWait(
  { kube, clock }: RunContext,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await kube.api.request("DELETE", path, { body: { propagationPolicy: "Background" }, signal });
    for (;;) {
      await kube.api.request("GET", path, { signal });
      await clock.sleep(100, signal);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
