import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { importImages } from "./import-image.ts";
import { importedImages } from "./imported-images.ts";

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
  if (!existsSync(importedImages)) return [];
  return readdirSync(importedImages).flatMap((name) => {
    const text = readFileSync(join(importedImages, name, "image.json"), "utf8");
    const { repository, tags } = JSON.parse(text) as { repository: string; tags: object };
    return Object.keys(tags).map((tag) => `${repository}:${tag}`);
  });
}

try {
  run(process.argv.slice(2));
} catch (error) {
  console.error(`ctr: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
