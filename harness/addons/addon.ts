import type { KubeConfig } from "@kubernetes/client-node";

/** What an add-on needs to work on a cluster, whichever it is. */
export interface AddonContext {
  readonly kubeConfig: KubeConfig;
  readonly signal: AbortSignal;
  /** Where a port of a Service is reached from outside. */
  outside(service: {
    readonly namespace: string;
    readonly name: string;
    readonly port: number;
  }): Promise<{ readonly host: string; readonly port: number }>;
  /** Whether the nodes got this public image from a file: they know it by its tag only. @default none */
  readonly wasLoaded?: ((reference: string) => boolean) | undefined;
  /** Told in words what is being waited for. */
  readonly onProgress?: (text: string) => void;
}

/** Something that labs need in the cluster besides their own objects. */
export interface Addon {
  /** As labs name it: "istio". */
  readonly name: string;
  /** Whether it is there and works. */
  isInstalled(context: AddonContext): Promise<boolean>;
  /** The version that is there, by its image's tag; undefined where there is none. */
  version(context: AddonContext): Promise<string | undefined>;
  /** Installs it, or completes what is there, and resolves when traffic flows. */
  install(context: AddonContext): Promise<void>;
  /** Removes everything that `install` made; resolves when it is gone. Harmless where nothing is there. */
  uninstall(context: AddonContext): Promise<void>;
}
