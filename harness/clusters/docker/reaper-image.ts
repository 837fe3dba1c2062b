import type { Engine } from "./engine.ts";
import { haveImage } from "./pull.ts";

const variable = "TESTCONTAINERS_RYUK_DISABLED";

/**
 * testcontainers starts a container of its own, Ryuk, that removes the others when this process is killed.
 * Where its image cannot be had the cluster starts without: the next run sweeps what is left.
 */
export async function useReaperIfHad(engine: Engine, signal: AbortSignal): Promise<void> {
  if (process.env[variable] !== undefined) return;
  const image = process.env["RYUK_CONTAINER_IMAGE"] ?? "testcontainers/ryuk:0.14.0";
  try {
    await haveImage(engine, image, { signal });
  } catch {
    signal.throwIfAborted();
    process.env[variable] = "true";
  }
}
