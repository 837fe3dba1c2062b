import { LabError } from "../../errors/lab-error.ts";
import { pinnedReference, publicImages } from "../public-images.ts";
import { explainEngineError } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";

/** By which name the engine has the image, pinned or not; undefined where it has none. */
export async function imageHere(engine: Engine, reference: string): Promise<string | undefined> {
  for (const name of new Set([pinned(reference), reference]))
    if (await hasImage(engine, name)) return name;
  return undefined;
}

/** Pulls the image unless the engine has it; returns the name to use. Failures say what to do. */
export async function haveImage(
  engine: Engine,
  reference: string,
  options: { readonly signal: AbortSignal; readonly onPull?: (name: string) => void },
): Promise<string> {
  const here = await imageHere(engine, reference);
  if (here !== undefined) return here;
  const name = pinned(reference);
  options.onPull?.(name);
  const { exitCode, stderr } = await engine.docker(["pull", "--quiet", name], {
    signal: options.signal,
  });
  if (exitCode === 0) return name;
  const explained = explainEngineError(new Error(stderr), reference);
  if (explained instanceof LabError) throw explained;
  throw new LabError(
    "IMAGE_UNAVAILABLE",
    `image ${reference} is not here and cannot be pulled: ${stderr.trim()}`,
  );
}

const askRegistryMs = 10_000;

/** Asks the registry, by the engine, whether it has the image; nothing is pulled. */
export async function mustBePullable(
  engine: Engine,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(askRegistryMs)]);
  try {
    await Promise.race([engine.api.getImage(pinned(reference)).distribution(), aborted(limit)]);
  } catch (error) {
    signal.throwIfAborted();
    const explained = explainEngineError(error, reference);
    if (explained instanceof LabError) throw explained;
    throw new LabError(
      "IMAGE_UNAVAILABLE",
      `image ${reference} is not here and its registry does not hand it out: ${String(error)}`,
      { cause: error },
    );
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the registry does not answer")), {
      once: true,
    });
  });
}

function pinned(reference: string): string {
  const known = publicImages.find((image) => image.reference === reference);
  return known === undefined ? reference : pinnedReference(known);
}

/** Whether the engine has an image of this name. */
export async function hasImage(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.api.getImage(name).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw explainEngineError(error, name);
  }
}
