import { LabError } from "../../errors/lab-error.ts";
import { type PublicImage, publicImages } from "../public-images.ts";
import { appImages, buildAppImages } from "./app-image.ts";
import { explainEngineError } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";
import { k3sImage } from "./k3s-image.ts";
import { hasImage, haveImage } from "./pull.ts";

/** What an image of the list is needed for. */
export type Need = PublicImage["neededBy"];

/** The images for these needs, with the k3s image that is really used. */
export function imagesFor(needs: readonly Need[]): readonly PublicImage[] {
  const used = publicImages.map((image) =>
    image.neededBy === "k3s" && image.reference !== k3sImage()
      ? { reference: k3sImage(), neededBy: "k3s" as const }
      : image,
  );
  return used.filter(({ neededBy }) => needs.includes(neededBy));
}

/** Pulls what the engine lacks, by digest where it is known, and gives it the name that manifests use. */
export async function pullImages(
  engine: Engine,
  images: readonly PublicImage[],
  options: { readonly signal: AbortSignal; readonly onPull: (name: string) => void },
): Promise<void> {
  for (const { reference } of images) {
    const name = await haveImage(engine, reference, options);
    if (name !== reference)
      await mustRun(engine, ["tag", name, reference], reference, options.signal);
  }
}

/** Saves the images, and the labs' own, to one file; returns their names. Fails naming those that are not here. */
export async function saveImages(
  engine: Engine,
  images: readonly PublicImage[],
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { reference } of images)
    if (!(await hasImage(engine, reference))) missing.push(reference);
  if (missing.length > 0)
    throw new LabError("IMAGE_UNAVAILABLE", `not here yet: ${missing.join(", ")}`, {
      advice: "npm run images -- --pull, where registries can be reached.",
    });
  const apps = await appImages();
  await buildAppImages(engine, apps, signal);
  const names = [...images.map(({ reference }) => reference), ...apps.references];
  await mustRun(engine, ["save", "--output", file, ...names], file, signal);
  return names;
}

/** Gives the engine the images of a file; returns their names. */
export async function loadImages(
  engine: Engine,
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const stdout = await mustRun(engine, ["load", "--input", file], file, signal);
  return [...stdout.matchAll(/^Loaded image(?: ID)?: (.+)$/gm)].map(([, name = ""]) => name);
}

async function mustRun(
  engine: Engine,
  args: readonly string[],
  about: string,
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.docker(args, { signal });
  if (exitCode === 0) return stdout;
  const explained = explainEngineError(new Error(stderr), about);
  if (explained instanceof LabError) throw explained;
  throw new LabError("IMAGE_UNAVAILABLE", `docker ${args[0]} ${about}: ${stderr.trim()}`, {
    advice: "Check the file and the engine.",
  });
}
