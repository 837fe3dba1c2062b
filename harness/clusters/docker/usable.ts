import { existsSync } from "node:fs";
import { LabError } from "../../errors/lab-error.ts";
import { findEngine } from "./engine.ts";
import { k3sImage } from "./k3s-image.ts";

/** Why k3s cannot be had on this machine in a moment, in words; undefined where it can. */
export async function whyNotK3s(): Promise<string | undefined> {
  if (!mayHaveEngine()) return "no Docker engine answers on this machine";
  try {
    const engine = await findEngine();
    const image = k3sImage();
    const images = await engine.client.container.dockerode.listImages({
      filters: { reference: [image] },
    });
    return images.length > 0 ? undefined : `the image ${image} is not here (docker pull ${image})`;
  } catch (error) {
    if (error instanceof LabError) return error.message;
    throw error;
  }
}

/** Cheap to ask, and true wherever an engine can be: loading the client of one takes most of a second. */
function mayHaveEngine(): boolean {
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
