import { expect, test } from "vitest";
import type { KubeObject } from "../kube/object.ts";
import { sabotageObjects } from "./sabotage-patch.ts";

const rule: KubeObject = {
  kind: "VirtualService",
  metadata: { name: "logic" },
  spec: { http: [{ route: [{ weight: 90 }, { weight: 10 }] }] },
};
const app: KubeObject = {
  kind: "Deployment",
  metadata: { name: "logic" },
  spec: {
    replicas: 2,
    template: { spec: { containers: [{ readinessProbe: { periodSeconds: 1 } }] } },
  },
};
const other: KubeObject = {
  kind: "Deployment",
  metadata: { name: "access" },
  spec: { replicas: 1 },
};
const fails = "any";

test("changes one field of the object that has it and nothing else", () => {
  const changed = sabotageObjects([rule, app], { in: "f", change: { "spec.replicas": 1 }, fails });
  expect(changed).toEqual([rule, { ...app, spec: { ...app.spec, replicas: 1 } }]);
  expect(app.spec?.["replicas"]).toBe(2);
});

test("lets two fields change places", () => {
  const swap = ["spec.http[0].route[0].weight", "spec.http[0].route[1].weight"] as const;
  const [changed] = sabotageObjects([rule], { in: "f", swap, fails });
  expect(changed?.spec).toEqual({ http: [{ route: [{ weight: 10 }, { weight: 90 }] }] });
});

test("leaves a field, an object or the whole manifest out", () => {
  const remove = "spec.template.spec.containers[0].readinessProbe";
  const [changed] = sabotageObjects([app], { in: "f", remove, fails });
  expect(changed?.spec?.["template"]).toEqual({ spec: { containers: [{}] } });
  const one = { in: "f", leaveOut: true, object: "Deployment/logic", fails } as const;
  expect(sabotageObjects([rule, app], one)).toEqual([rule]);
  expect(sabotageObjects([rule, app], { in: "f", leaveOut: true, fails })).toEqual([]);
});

test("adds a field that is not there yet", () => {
  const add = { 'metadata.labels["a.b/c"]': "x" };
  expect(sabotageObjects([other], { in: "f", add, fails })[0]?.metadata).toEqual({
    name: "access",
    labels: { "a.b/c": "x" },
  });
});

test("a change that finds nothing to change is an error and not a silent pass", () => {
  const change = { "spec.replicsa": 1 };
  expect(() => sabotageObjects([app], { in: "apps.yaml", change, fails })).toThrow(
    "apps.yaml: no object has spec.replicsa; it holds Deployment/logic",
  );
});

test("a field that several objects have needs the object's name", () => {
  const change = { "spec.replicas": 5 };
  expect(() => sabotageObjects([app, other], { in: "apps.yaml", change, fails })).toThrow(
    "Deployment/logic and Deployment/access all have spec.replicas",
  );
  const [, changed] = sabotageObjects([app, other], {
    in: "f",
    object: "Deployment/access",
    change,
    fails,
  });
  expect(changed?.spec?.["replicas"]).toBe(5);
});
