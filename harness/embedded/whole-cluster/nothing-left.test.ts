import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deployments, endpointSlices, pods, replicaSets, services } from "../resources.ts";
import {
  eventually,
  startTestCluster,
  template,
  web,
  type TestCluster,
} from "./cluster.fixture.ts";
import { usageOf } from "./process-usage.fixture.ts";

const namespace = "default";
/** Cycles that run side by side, as the labs do. */
const lanes = 5;

/** Creates a Deployment and a NodePort Service, rolls it out anew, deletes both and waits until all is gone. */
async function cycle({ client }: TestCluster, name: string): Promise<void> {
  const labels = { app: name };
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: template(name, web()),
  };
  const key = { namespace, name };
  await client.create(services, {
    metadata: key,
    spec: { type: "NodePort", selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await client.create(deployments, { metadata: key, spec });
  const rolledOut = (generation: number): Promise<void> =>
    eventually(async () => {
      const { status } = await client.get(deployments, key);
      expect(status).toMatchObject({
        observedGeneration: generation,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: 1,
      });
    });
  await rolledOut(1);
  const body = { spec: { template: { metadata: { annotations: { round: "2" } } } } };
  await client.patch(deployments, key, { type: "merge", body });
  await rolledOut(2);
  await client.delete(deployments, key);
  await client.delete(services, key);
  await eventually(async () => {
    for (const resource of [pods, replicaSets, endpointSlices] as (typeof pods)[]) {
      const { items } = await client.list(resource, { namespace, labelSelector: `app=${name}` });
      expect(items).toEqual([]);
    }
  });
}

async function rounds(cluster: TestCluster, count: number): Promise<void> {
  for (let round = 0; round < count; round++)
    await Promise.all(
      Array.from({ length: lanes }, (_, lane) => cycle(cluster, `web-${round}-${lane}`)),
    );
}

test.runIf(process.platform === "linux")(
  "50 cycles of create, rollout and delete leave processes, descriptors, ports and memory where they were",
  async () => {
    await using cluster = await startTestCluster();
    await rounds(cluster, 2);
    const before = usageOf(cluster.pid);
    await rounds(cluster, 10);
    await eventually(async () => {
      const after = usageOf(cluster.pid);
      expect(after.processes).toBe(before.processes);
      expect(after.ports).toBe(before.ports);
      after.descriptors.forEach((count, index) =>
        // A kept-alive connection or two may come or go.
        expect(count).toBeLessThanOrEqual((before.descriptors[index] ?? 0) + 3),
      );
    });
    // What is garbage or history stays for a while: this notices what grows with each cycle by a megabyte or two.
    const { rssBytes } = usageOf(cluster.pid);
    rssBytes.forEach((bytes, index) =>
      expect(bytes / 1e6).toBeLessThan((before.rssBytes[index] ?? 0) / 1e6 + 100),
    );
    expect(readdirSync(join(cluster.stateDir, "pods"))).toEqual([]);
  },
  120_000,
);
