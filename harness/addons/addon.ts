import type { KubeConfig } from "@kubernetes/client-node";

/** What an add-on needs to work on a cluster, whichever it is. */
export interface AddonContext {
  readonly kubeConfig: KubeConfig;
  readonly signal: AbortSignal;
  /** Told in words what is being waited for. */
  readonly onProgress?: (text: string) => void;
}

/** Something that labs need in the cluster besides their own objects. */
export interface Addon {
  /** As labs name it: "istio". */
  readonly name: string;
  /** Whether it is there and works. */
  isInstalled(context: AddonContext): Promise<boolean>;
  /** Installs it, or completes what is there, and resolves when it works. */
  install(context: AddonContext): Promise<void>;
  /** Removes everything that `install` made; resolves when it is gone. Harmless where nothing is there. */
  uninstall(context: AddonContext): Promise<void>;
}
