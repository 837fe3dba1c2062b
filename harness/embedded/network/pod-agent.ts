import type { Server } from "node:net";
import type { Interception, Interceptor } from "./interception.ts";

/** What the preload leaves in a pod's process for code that knows it runs in a pod. */
export interface PodAgent {
  intercept(interceptor: Interceptor): Promise<Interception>;
  listenUnseen(
    server: Server,
    standsFor?: { readonly address: string; readonly port: number },
  ): Promise<number>;
}

const key = Symbol.for("kubelab.podAgent");

/** The agent of this process; throws in a process that is not on a pod network. */
export function podAgent(): PodAgent {
  const agent = (globalThis as { [key]?: PodAgent })[key];
  if (!agent) throw new Error("this process is not on a pod network: it was started without it");
  return agent;
}

/** Called by the preload, once. */
export function installPodAgent(agent: PodAgent): void {
  (globalThis as { [key]?: PodAgent })[key] = agent;
}
