import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { fullName } from "./docker/side-load.ts";
import { publicImages } from "./public-images.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const known = new Set(publicImages.map(({ reference }) => fullName(reference)));

test("every image that a lab's or an add-on's manifest names is in the list", () => {
  const files = globSync(["labs/*/manifests/*.yaml", "harness/addons/*/*.yaml"], { cwd: project });
  const named = files
    .filter((file) => !file.includes("fixture"))
    .flatMap((file) =>
      [...readFileSync(project + file, "utf8").matchAll(/^\s*-?\s*image:\s*["']?([^\s"']+)/gm)].map(
        ([, image = ""]) => image,
      ),
    );
  const others = new Set(named.filter((image) => !image.startsWith("kubelab/")).map(fullName));
  expect(others.size).toBeGreaterThan(3);
  expect([...others].filter((image) => !known.has(image))).toEqual([]);
});

test("what k3s itself needs for a pod and its names is in the list: rooms without a network have no registry", () => {
  const node = publicImages.filter(({ neededBy }) => neededBy === "k3s-node");
  const ofStandIn = readFileSync(
    new URL("docker/k3s-stand-in/core-dns.ts", import.meta.url),
    "utf8",
  );
  const [, coreDns] = /image: "([^"]+)"/.exec(ofStandIn) ?? [];
  const references = node.map(({ reference }) => reference);
  expect(references).toContain(coreDns);
  expect(references).toContainEqual(expect.stringMatching(/^rancher\/mirrored-pause:/));
});

test("digests are whole, and no image is listed twice", () => {
  const digests = publicImages.flatMap(({ digest }) => (digest === undefined ? [] : [digest]));
  expect(digests.length).toBeGreaterThan(3);
  for (const digest of digests) expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(known.size).toBe(publicImages.length);
});
