import { existsSync } from "node:fs";
import { LabError } from "../../errors/lab-error.ts";
import { k3sImage } from "./k3s-image.ts";

/** Whether k3s can be had on this machine; `why` is one line for people either way. */
export interface K3sUsable {
  readonly usable: boolean;
  readonly why: string;
}

/** k3s needs an engine that answers and its image there, or a registry that hands it out. */
export async function isK3sUsable(signal: AbortSignal): Promise<K3sUsable> {
  if (!mayHaveEngine()) return { usable: false, why: "no Docker engine answers on this machine" };
  // Loaded here: a machine without Docker does not pay for what speaks to it.
  const { findEngine } = await import("./engine.ts");
  const { imageHere, mustBePullable } = await import("./pull.ts");
  try {
    const engine = await findEngine();
    const image = k3sImage();
    if ((await imageHere(engine, image)) !== undefined)
      return { usable: true, why: "a Docker engine answers and has its image" };
    await mustBePullable(engine, image, signal);
    return { usable: true, why: `a Docker engine answers and can pull ${image}` };
  } catch (error) {
    if (error instanceof LabError) return { usable: false, why: error.message };
    throw error;
  }
}

/** Cheap to ask, and true wherever an engine can be: loading the client of one takes most of a second. */
export function mayHaveEngine(): boolean {
  if (process.platform === "win32" || process.env["DOCKER_HOST"]) return true;
  const home = process.env["HOME"] ?? "";
  return [
    "/var/run/docker.sock",
    `${home}/.testcontainers.properties`,
    `${home}/.docker/run/docker.sock`,
    `${home}/.docker/desktop/docker.sock`,
    `${process.env["XDG_RUNTIME_DIR"] ?? "/run"}/docker.sock`,
  ].some((path) => existsSync(path));
}
