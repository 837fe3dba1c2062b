import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ImageStore } from "../../../embedded/kubelet/images/image-store.ts";
import { importImages } from "./import-image.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-import-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Packs files (name to content) as a layer. */
function layer(name: string, files: Readonly<Record<string, string>>): void {
  const root = join(folder, `${name}-files`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  mkdirSync(join(folder, "saved", name), { recursive: true });
  execFileSync("tar", ["-cf", join(folder, "saved", name, "layer.tar"), "-C", root, "."]);
}

/** Writes an archive as `docker save` does; returns its path. */
function archive(
  layers: readonly string[],
  config: object,
  tags = ["kubelab/apps:v1-abc"],
): string {
  const saved = join(folder, "saved");
  mkdirSync(saved, { recursive: true });
  writeFileSync(join(saved, "config.json"), JSON.stringify({ config }));
  const Layers = layers.map((name) => `${name}/layer.tar`);
  const manifest = [{ Config: "config.json", RepoTags: tags, Layers }];
  writeFileSync(join(saved, "manifest.json"), JSON.stringify(manifest));
  const path = join(folder, "images.tar");
  execFileSync("tar", ["-cf", path, "-C", saved, "."]);
  return path;
}

const config = {
  Entrypoint: ["node", "/apps/main.ts"],
  Cmd: null,
  Env: ["PATH=/bin", "VERSION=v1", "WITH=equals=sign"],
  WorkingDir: "/apps",
  User: "1000",
  ExposedPorts: { "8080/tcp": {} },
};

test("a saved image becomes one of the node's: its files, entrypoint, environment, folder and user", () => {
  layer("base", { "bin/node": "binary", "apps/main.ts": "old" });
  layer("app", { "apps/main.ts": "new", "apps/lib/a.ts": "a" });
  const images = join(folder, "images");
  const store = new ImageStore([mkdirIn(images)]);
  expect(store.lookup("kubelab/apps:v1-abc")).toBeUndefined();
  expect(importImages(archive(["base", "app"], config), images)).toEqual([
    "docker.io/kubelab/apps:v1-abc",
  ]);
  const image = store.lookup("kubelab/apps:v1-abc");
  expect(image).toMatchObject({
    entrypoint: ["node", "/apps/main.ts"],
    env: { VERSION: "v1", WITH: "equals=sign" },
    config: { root: "/apps", workingDir: "/apps", user: 1000, exposedPorts: [8080] },
  });
  expect(readFileSync(join(image?.folder ?? "", "main.ts"), "utf8")).toBe("new");
  expect(readFileSync(join(image?.folder ?? "", "lib/a.ts"), "utf8")).toBe("a");
  expect(readdirSync(folder).filter((name) => name.startsWith("import-"))).toEqual([]);
});

test("what a layer takes away of those below is away", () => {
  layer("base", { "apps/gone.ts": "x", "apps/kept.ts": "y", "apps/all/old.ts": "z" });
  layer("top", { "apps/.wh.gone.ts": "", "apps/all/.wh..wh..opq": "", "apps/all/new.ts": "n" });
  const images = join(folder, "images");
  importImages(archive(["base", "top"], config), images);
  const image = new ImageStore([images]).lookup("kubelab/apps:v1-abc");
  const files = readdirSync(image?.folder ?? "", { recursive: true })
    .map(String)
    .toSorted();
  expect(files).toEqual(["all", "all/new.ts", "config.digest", "image.json", "kept.ts"]);
});

test("the same image again is no error, another one of the same name is", () => {
  layer("base", { "apps/main.ts": "x" });
  const images = join(folder, "images");
  importImages(archive(["base"], config), images);
  importImages(archive(["base"], config), images);
  const other = archive(["base"], { ...config, Env: ["VERSION=v2"] });
  expect(() => importImages(other, images)).toThrow("is here already with other content");
});

test.each([
  [{ ...config, WorkingDir: "" }, "has no working folder"],
  [{ ...config, User: "node" }, "has the user node"],
])("refuses an image that it would run wrongly (%#)", (wrong, message) => {
  layer("base", { "apps/main.ts": "x" });
  const images = join(folder, "images");
  expect(() => importImages(archive(["base"], wrong), images)).toThrow(message);
  expect(existsSync(images) ? readdirSync(images) : []).toEqual([]);
});

test("refuses an archive that is none of docker save's", () => {
  layer("base", { "apps/main.ts": "x" });
  const path = join(folder, "saved", "base", "layer.tar");
  expect(() => importImages(path, join(folder, "images"))).toThrow("has no manifest.json");
});

function mkdirIn(path: string): string {
  mkdirSync(path);
  return path;
}
