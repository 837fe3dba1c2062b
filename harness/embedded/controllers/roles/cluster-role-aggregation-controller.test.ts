import { expect, test } from "vitest";
import { clusterRoles } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const rule = { apiGroups: ["networking.istio.io"], resources: ["gateways"], verbs: ["get"] };
const toView = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };

async function resourcesOf(cluster: TestCluster, name: string): Promise<string[]> {
  const { rules } = await cluster.client.get(clusterRoles, { name });
  return (rules ?? []).flatMap(({ resources }) => resources ?? []);
}

test("the default roles hold what they collect before anybody looks", async () => {
  await using cluster = await TestCluster.start();
  const { items } = await cluster.client.list(clusterRoles);
  for (const { metadata } of items) expect(metadata?.managedFields).toBe(undefined);
});

test("a role that aggregates to view reaches view, edit and admin, and leaves them again", async () => {
  await using cluster = await TestCluster.start();
  const metadata = { name: "see-gateways", labels: toView };
  await cluster.client.create(clusterRoles, { metadata, rules: [rule] });
  await cluster.settle();
  for (const name of ["view", "edit", "admin"]) {
    expect(await resourcesOf(cluster, name)).toContain("gateways");
  }
  await cluster.client.delete(clusterRoles, { name: "see-gateways" });
  await cluster.settle();
  for (const name of ["view", "edit", "admin"]) {
    expect(await resourcesOf(cluster, name)).not.toContain("gateways");
  }
});

test("a role of one's own is made of the roles it selects, whatever rules it was given", async () => {
  await using cluster = await TestCluster.start();
  await cluster.client.create(clusterRoles, {
    metadata: { name: "part", labels: { a: "b" } },
    rules: [rule],
  });
  await cluster.client.create(clusterRoles, {
    metadata: { name: "whole" },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] },
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["*"] }],
  });
  await cluster.settle();
  expect(await resourcesOf(cluster, "whole")).toEqual(["gateways"]);
});
