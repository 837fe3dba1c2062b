import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandLineOf } from "../command.ts";
import { ImageStore } from "./image-store.ts";
import { parseReference, referenceErrorOf } from "./reference.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-image-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function store(config: object): ImageStore {
  writeFileSync(join(folder, "image.json"), JSON.stringify(config));
  return new ImageStore([folder]);
}

test.each([
  ["bb:1", "docker.io/library/bb:1"],
  ["nginx", "docker.io/library/nginx:latest"],
  ["kubelab/apps:v1", "docker.io/kubelab/apps:v1"],
  ["registry.k8s.io/ingress-nginx/controller:v1", "registry.k8s.io/ingress-nginx/controller:v1"],
  ["localhost:5000/a", "localhost:5000/a:latest"],
])("completes %s as Docker does", (text, full) => {
  expect(parseReference(text).full).toBe(full);
});

test.each([
  "nginx",
  "nginx:1.25-alpine_x.Y",
  "bb:1",
  "kubelab/a__b/c--d.e:v1",
  "registry.k8s.io/pause:3.10",
  "localhost:5000/a",
  "Host.io/a",
  `a@sha256:${"0".repeat(64)}`,
  `a:1@sha256:${"0".repeat(64)}`,
])("takes %s for a reference", (text) => {
  expect(referenceErrorOf(text)).toBeUndefined();
});

const invalid = "invalid reference format";
test.each([
  ["nginx:", invalid],
  ["nginx:1:2", invalid],
  ["a//b", invalid],
  ["-a", invalid],
  ["a_.b", invalid],
  ["a b", invalid],
  ["a@sha256:12", invalid],
  ["Nginx", `${invalid}: repository name (library/Nginx) must be lowercase`],
  ["kubelab/Apps:v1", `${invalid}: repository name (kubelab/Apps) must be lowercase`],
  ["Nope/Foo:1", `${invalid}: repository name (Foo) must be lowercase`],
  [
    "0".repeat(64),
    `invalid repository name (${"0".repeat(64)}), cannot specify 64-byte hexadecimal strings`,
  ],
])("says why %s is none", (text, why) => {
  expect(referenceErrorOf(text)).toBe(why);
});

test("finds an image by tag, by alias and by its digest, and gives each tag its environment", () => {
  const images = store({
    repository: "a/b",
    tags: { v1: { env: { V: "1" } }, v2: {} },
    aliases: { "c:1": "v1" },
    env: { V: "0" },
  });
  const image = images.lookup("a/b:v1");
  expect(image?.env).toEqual({ V: "1" });
  expect(images.lookup("docker.io/library/c:1")?.env).toEqual({ V: "1" });
  expect(images.lookup("a/b:v2")?.env).toEqual({ V: "0" });
  expect(images.lookup(`a/b:v1@${image?.id}`)?.id).toBe(image?.id);
  expect(images.lookup(`a/b:v1@sha256:${"0".repeat(64)}`)).toBeUndefined();
  expect(images.lookup("a/b:v3")).toBeUndefined();
  expect(images.knows("a/b:v3")).toBe(true);
});

test("gives a changed folder another digest", () => {
  const before = store({ repository: "a", tags: { latest: {} } }).lookup("a")?.id;
  writeFileSync(join(folder, "main.ts"), "changed");
  expect(new ImageStore([folder]).lookup("a")?.id).not.toBe(before);
});

test("refuses an image.json with a field it does not know", () => {
  expect(() => store({ repository: "a", tags: {}, volumes: [] })).toThrow("unknown field volumes");
});

test.each([
  [{}, ["entry", "cmd"]],
  [{ args: ["a"] }, ["entry", "a"]],
  [{ command: ["c"] }, ["c"]],
  [{ command: ["c"], args: ["a"] }, ["c", "a"]],
])("takes command and args %j as Kubernetes does", (container, argv) => {
  const image = store({
    repository: "a",
    tags: { latest: {} },
    entrypoint: ["entry"],
    cmd: ["cmd"],
  }).lookup("a");
  expect(image && commandLineOf(image, container)).toEqual(argv);
});
