import type { StartedCluster } from "../clusters/cluster.ts";

/** A cluster as labs use it: in this process or, under a test runner, shared with the process that started it. */
export interface LabCluster extends Pick<
  StartedCluster,
  "description" | "serverVersion" | "kubeConfig" | "can" | "outside"
> {
  image(reference: string): string | Promise<string>;
  /** Installs the add-on unless it is there; calls side by side install it once. */
  addon(name: string, onProgress: (text: string) => void, signal: AbortSignal): Promise<void>;
}
