import { expect, test } from "vitest";
import type { Define, LabOptions, SabotageOptions } from "./definition.ts";
import { describeLab } from "./lab.ts";

const options: LabOptions = { tutorial: "k8s-test › 4", shows: "a split" };

function withSabotage(sabotage: SabotageOptions) {
  return describeLab("istio-canary", options, (tools) => {
    tools.step("Deploy", async () => tools.apply("apps.yaml"));
    tools.step({ title: { en: "Split", zh: "分流" }, why: "to be careful" }, async () => undefined);
    tools.sabotage("the weights are swapped", sabotage);
  });
}

test("reads the steps and sabotages of a lab without running any of it", () => {
  const definition = withSabotage({ in: "weights.yaml", change: { "spec.a": 1 }, fails: "Split" });
  expect(definition.steps).toEqual([
    { title: "Deploy" },
    { title: { en: "Split", zh: "分流" }, why: "to be careful" },
  ]);
  expect(definition.sabotages).toHaveLength(1);
  expect(definition.folder).toMatch(/labs\/istio-canary$/);
});

test.each<[string, SabotageOptions, string]>([
  [
    "names no step",
    { set: { a: 1 }, fails: "Spilt" },
    'no step is called "Spilt"; the steps are "Deploy", "Split"',
  ],
  ["changes nothing", { fails: "Split" }, "it changes nothing"],
  ["names no manifest", { change: { a: 1 }, fails: "Split" }, "it names no manifest to change"],
])("refuses a sabotage that %s", (_, sabotage, message) => {
  expect(() => withSabotage(sabotage)).toThrow(message);
});

test.each<[string, Define, string]>([
  ["without a step", () => undefined, "it has no step"],
  [
    "with two steps of one title",
    ({ step }) => {
      step("Deploy", async () => undefined);
      step("Deploy", async () => undefined);
    },
    'two steps are called "Deploy"',
  ],
  [
    "that touches the cluster outside a step",
    ({ kube }) => void kube.get("pod/x"),
    "used outside a step",
  ],
])("refuses a lab %s", (_, define, message) => {
  expect(() => describeLab("broken", options, define)).toThrow(message);
});

test("refuses a name that no namespace can have", () => {
  expect(() => describeLab("Istio_Canary", options, () => undefined)).toThrow("lower-case letters");
});
