import { join } from "node:path";
import { LabError } from "../../errors/lab-error.ts";
import type { Engine } from "./engine.ts";
import type * as leftovers from "./leftovers.ts";
import { mayHaveEngine } from "./usable.ts";

/** Says where each k3s that --keep left is; none where there is no engine. */
export async function keptK3s(): Promise<readonly { readonly kubeConfigPath: string }[]> {
  return withEngine([], async ({ engine, keptContainers, folderOf }) => {
    const ids = await keptContainers(engine);
    return ids.map((id) => ({ kubeConfigPath: join(folderOf(id), "kubeconfig") }));
  });
}

/** Removes each k3s that --keep left; returns how many there were. */
export async function removeKeptK3s(): Promise<number> {
  return withEngine(0, ({ engine, removeKept }) => removeKept(engine));
}

type Parts = Pick<typeof leftovers, "keptContainers" | "removeKept" | "folderOf"> & {
  readonly engine: Engine;
};

/** Loads what speaks to engines only where there can be one. */
async function withEngine<T>(without: T, work: (parts: Parts) => Promise<T>): Promise<T> {
  if (!mayHaveEngine()) return without;
  const { findEngine } = await import("./engine.ts");
  try {
    const engine = await findEngine();
    return await work({ ...(await import("./leftovers.ts")), engine });
  } catch (error) {
    if (error instanceof LabError && error.code === "DOCKER_UNAVAILABLE") return without;
    throw error;
  }
}
