import { expect, test } from "vitest";
import { versionOf } from "./responding-pods.ts";

test.each([
  ["kubelab/apps:v2", "v2"],
  ["kubelab/apps:v2-3f9a01bc22de", "v2"],
  ["registry.example:5000/kubelab/apps:v2", "v2"],
  ["nginx:1.27-alpine", undefined],
])("the app of the image %s says the version %s", (image, version) => {
  expect(versionOf({ spec: { containers: [{ name: "app", image }] } })).toBe(version);
});
