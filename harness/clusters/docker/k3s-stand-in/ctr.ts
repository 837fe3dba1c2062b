import { existsSync } from "node:fs";
import { ImageStore } from "../../../embedded/kubelet/images/image-store.ts";
import { importImages } from "./import-image.ts";
import { importedImages, ownImages } from "./imported-images.ts";

// containerd's command line, as far as images are side-loaded with it.

function run(words: readonly string[]): void {
  const [flag, namespace, images, verb, ...rest] = words;
  if ((flag !== "-n" && flag !== "--namespace") || namespace !== "k8s.io" || images !== "images")
    throw new Error(`expected -n k8s.io images …, got ${words.join(" ")}`);
  if (verb === "import" && rest.length === 1) {
    for (const reference of importImages(rest[0] ?? "", importedImages))
      console.log(`${reference} saved`);
  } else if (verb === "ls" && rest.join() === "-q") {
    for (const reference of references()) console.log(reference);
  } else throw new Error(`the stand-in has no ctr images ${[verb, ...rest].join(" ")}`);
}

function references(): string[] {
  const folders = [...ownImages, importedImages].filter((folder) => existsSync(folder));
  return new ImageStore(folders).all().map(({ reference }) => reference);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  console.error(`ctr: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
