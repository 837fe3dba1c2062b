import type { Deployment } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import { ServerUnderTest } from "./golden.fixture.ts";

const deployments = "/apis/apps/v1/namespaces/default/deployments";

const deployment = (container: object): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "web:v1", ...container }] },
    },
  },
});

test("a probe that is no longer applied goes with the defaults that filled it", async () => {
  await using server = await ServerUnderTest.start();
  const apply = (container: object) =>
    server.ask({
      method: "PATCH",
      path: `${deployments}/web?fieldManager=lab`,
      type: "application/apply-patch+yaml",
      body: deployment(container),
    });
  const probed = await apply({ readinessProbe: { httpGet: { path: "/ping", port: 8081 } } });
  expect(probed.code).toBe(201);

  const answer = await apply({});

  expect(answer.code).toBe(200);
  const { spec } = JSON.parse(answer.body) as Deployment;
  const [container] = spec?.template.spec?.containers ?? [];
  expect(container).not.toHaveProperty("readinessProbe");
  expect(container).toMatchObject({ image: "web:v1", imagePullPolicy: "IfNotPresent" });
});
