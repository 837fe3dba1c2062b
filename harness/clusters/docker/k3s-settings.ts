import { existsSync } from "node:fs";
import { LabError } from "../../errors/lab-error.ts";
import { k3sImage } from "./k3s-image.ts";

export interface K3sClusterOptions {
  /** @default KUBELAB_K3S_IMAGE, else the pinned one */
  readonly image?: string | undefined;
  /** @default KUBELAB_K3S_CGROUPNS, else "host" */
  readonly cgroupNamespace?: "host" | "private" | undefined;
  /** Port of this machine for the API server. @default KUBELAB_K3S_PORT, else any free one */
  readonly apiPort?: number | undefined;
  /** A registries.yaml that names mirrors. @default KUBELAB_REGISTRIES, else none */
  readonly registries?: string | undefined;
  /** The container stays when this process ends, and is used by the next that keeps. @default false */
  readonly keep?: boolean | undefined;
}

/** The options with the environment and the defaults filled in. */
export interface K3sSettings {
  readonly image: string;
  readonly cgroupNamespace: "host" | "private";
  readonly apiPort: number | undefined;
  readonly registries: string | undefined;
  readonly keep: boolean;
}

/** Fills the options in; refuses what cannot be meant. */
export function toK3sSettings(
  options: K3sClusterOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): K3sSettings {
  const registries = options.registries ?? environment["KUBELAB_REGISTRIES"];
  if (registries !== undefined && !existsSync(registries))
    throw new LabError("LAB_USAGE", `KUBELAB_REGISTRIES: there is no file ${registries}`);
  return {
    image: options.image ?? k3sImage(),
    cgroupNamespace: options.cgroupNamespace ?? toNamespace(environment["KUBELAB_K3S_CGROUPNS"]),
    apiPort: options.apiPort ?? toPort(environment["KUBELAB_K3S_PORT"]),
    registries,
    keep: options.keep ?? false,
  };
}

function toNamespace(text: string | undefined): "host" | "private" {
  if (text === undefined || text === "host") return "host";
  if (text === "private") return "private";
  throw new LabError("LAB_USAGE", `KUBELAB_K3S_CGROUPNS=${text}: expected host or private`);
}

function toPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new LabError("LAB_USAGE", `KUBELAB_K3S_PORT=${text}: expected a number from 1 to 65535`);
}
