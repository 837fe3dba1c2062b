import { expect, test } from "vitest";
import { LabError } from "../errors/lab-error.ts";
import { parseManifest } from "./manifest.ts";

const good = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
---
# The app itself.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          image: kubelab/apps:v1
`;

test("reads every object of a file and knows the line of each field", () => {
  const [settings, web] = parseManifest(good, "web.yaml");
  expect(settings?.object.kind).toBe("ConfigMap");
  expect(web?.object.spec?.["replicas"]).toBe(2);
  expect(web?.lineOf("spec.replicas")).toBe(12);
  expect(web?.lineOf("spec.template.spec.containers[0].image")).toBe(17);
});

test("a field that is not there has the line of the nearest field above it", () => {
  const [, web] = parseManifest(good, "web.yaml");
  expect(web?.lineOf("spec.template.spec.containers[0].imagePull")).toBe(16);
  expect(web?.lineOf("status")).toBe(7);
});

test("reads octal numbers and yes as kubectl does", () => {
  const text =
    "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { mode: 0644, b: yes, q: 'yes' }\n";
  expect(parseManifest(text, "p.yaml")[0]?.object.spec).toEqual({ mode: 420, b: true, q: "yes" });
});

test.each([
  ["bad YAML", "kind: [a\nmetadata: {}\n", /bad\.yaml:\d+: the YAML cannot be read/],
  [
    "a field that stands twice",
    "kind: A\nkind: B\n",
    /bad\.yaml:2: the YAML cannot be read: Map keys must be unique/,
  ],
  [
    "a text instead of an object",
    "hello\n",
    /bad\.yaml:1: not a Kubernetes object \(expected an object, received string "hello"\)/,
  ],
  [
    "an object without kind",
    "apiVersion: v1\nmetadata: { name: a }\n",
    /bad\.yaml:1: kind is missing/,
  ],
  [
    "an object without a name",
    "apiVersion: v1\nkind: Pod\n",
    /this Pod has no name \(expected metadata\.name: text, received nothing\)/,
  ],
])("refuses %s with file and line", (_, text, message) => {
  let thrown: unknown;
  try {
    parseManifest(text, "bad.yaml");
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(LabError);
  expect((thrown as LabError).code).toBe("LAB_MANIFEST_INVALID");
  expect((thrown as LabError).message).toMatch(message);
});
