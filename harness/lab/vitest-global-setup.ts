import type { TestProject } from "vitest/node";
import { chooseCluster } from "../clusters/choose.ts";
import { shareCluster, type SharedCluster } from "./share-cluster.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The cluster that all labs of this test run share. */
    kubelabCluster: SharedCluster;
  }
}

/** Starts the cluster once for all labs; KUBELAB_CLUSTER and KUBELAB_CONTEXT choose another than embedded. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const { cluster } = await chooseCluster(
    {
      kind: process.env["KUBELAB_CLUSTER"] ?? "embedded",
      context: process.env["KUBELAB_CONTEXT"],
      registry: process.env["KUBELAB_REGISTRY"],
      install: process.env["KUBELAB_INSTALL"] === "1",
      yes: process.env["KUBELAB_YES"] === "1",
    },
    stop.signal,
  );
  const started = await cluster.start({ signal: stop.signal });
  const sharing = await shareCluster(started, stop.signal);
  project.provide("kubelabCluster", sharing.shared);
  return async () => {
    stop.abort();
    await sharing[Symbol.asyncDispose]();
    await started.stop();
  };
}
