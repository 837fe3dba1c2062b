import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { findEngine } from "../harness/clusters/docker/engine.ts";
import {
  imagesFor,
  loadImages,
  type Need,
  pullImages,
  saveImages,
} from "../harness/clusters/docker/offline-images.ts";
import { imageHere } from "../harness/clusters/docker/pull.ts";
import { type PublicImage, publicImages } from "../harness/clusters/public-images.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const needs: readonly Need[] = [...new Set(publicImages.map(({ neededBy }) => neededBy))];

const usage = `npm run images -- --list        every public image that runs with Docker use, and whether it is here
npm run images -- --pull        pull those that are not here
npm run images -- --save FILE   write them and the labs' own image to a file, for a room without a network
npm run images -- --load FILE   give the Docker engine the images of such a file

  --only NEED,…   only what is needed by ${needs.join(", ")}
  --help          this text

Mirrors: the engine's own settings serve --pull; for pulls inside k3s set KUBELAB_REGISTRIES to a registries.yaml.`;

const options = {
  list: { type: "boolean", default: false },
  pull: { type: "boolean", default: false },
  save: { type: "string" },
  load: { type: "string" },
  only: { type: "string" },
} as const;

await runCommand(usage, async (signal) => {
  mustNotBeNpms("images", Object.keys(options));
  const { values } = parseArgs({ options });
  const images = imagesFor(toNeeds(values.only));
  const { list, pull, save, load } = values;
  if ([list, pull, save !== undefined, load !== undefined].filter(Boolean).length !== 1)
    throw new LabError("LAB_USAGE", "expected one of --list, --pull, --save FILE, --load FILE");
  if (list) return listImages(images);
  if (load !== undefined && !existsSync(load))
    throw new LabError("LAB_USAGE", `--load ${load}: there is no such file`);
  const engine = await findEngine();
  if (pull) {
    await pullImages(engine, images, { signal, onPull: (name) => console.log(`pulling ${name}`) });
    console.log(`${images.length} images are here`);
  } else if (save !== undefined) {
    const saved = await saveImages(engine, images, save, signal);
    console.log(`${save} holds ${saved.join(", ")}`);
  } else for (const name of await loadImages(engine, load ?? "", signal)) console.log(name);
});

async function listImages(images: readonly PublicImage[]): Promise<void> {
  const engine = await findEngine().catch((error: unknown) => {
    if (error instanceof LabError) return undefined;
    throw error;
  });
  for (const image of images) {
    const state = engine === undefined ? "no engine" : await stateOf(image.reference);
    console.log(
      `${image.reference}\n    ${image.digest ?? "by tag"}\n    for ${image.neededBy} · ${state}`,
    );
  }

  async function stateOf(reference: string): Promise<string> {
    return engine && (await imageHere(engine, reference)) !== undefined ? "here" : "not here";
  }
}

function toNeeds(text: string | undefined): readonly Need[] {
  if (text === undefined) return needs;
  return text.split(",").map((word) => {
    const need = needs.find((known) => known === word);
    if (need !== undefined) return need;
    throw new LabError("LAB_USAGE", `--only ${word}: expected some of ${needs.join(", ")}`);
  });
}
