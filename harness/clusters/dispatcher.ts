import type { KubeConfig } from "@kubernetes/client-node";
import type { Dispatcher } from "undici";

/** The part of KubeConfig that its types keep to themselves. */
interface DispatcherSource {
  createDispatcher(...args: unknown[]): Dispatcher | undefined;
}

/**
 * Makes every API call of this KubeConfig share one connection pool.
 * Without it the client opens a pool a call and closes none (client-node 2.0.1, config.js createDispatcher).
 */
export function keepOneDispatcher(kubeConfig: KubeConfig): { close(): Promise<void> } {
  const source = kubeConfig as unknown as DispatcherSource;
  const create = source.createDispatcher.bind(kubeConfig);
  let shared: Dispatcher | undefined;
  source.createDispatcher = (...args) => (shared ??= create(...args));
  return {
    async close() {
      await shared?.destroy();
      shared = undefined;
    },
  };
}
