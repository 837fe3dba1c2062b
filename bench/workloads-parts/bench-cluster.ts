import type { Deployment } from "kubernetes-types/apps/v1";
import type { Container } from "kubernetes-types/core/v1";
import {
  createHttpClient,
  readKubeConfig,
  type HttpClient,
} from "../../harness/embedded/http-client.ts";
import {
  spawnEmbeddedCluster,
  uniqueClusterName,
  type SpawnedCluster,
} from "../../harness/embedded/index.ts";
import { deployments, pods, serviceAccounts } from "../../harness/embedded/resources.ts";
import { systemClock } from "../../harness/time/clock.ts";

const namespace = "default";

/** An embedded cluster that Deployments are timed on. */
export class BenchCluster implements AsyncDisposable {
  readonly #cluster: SpawnedCluster;
  readonly #client: HttpClient;
  readonly #signal: AbortSignal;
  #count = 0;

  private constructor(cluster: SpawnedCluster, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#client = createHttpClient(readKubeConfig(cluster.folder.kubeConfigPath));
    this.#signal = signal;
  }

  static async start(signal: AbortSignal): Promise<BenchCluster> {
    const cluster = await spawnEmbeddedCluster({ name: uniqueClusterName("bench"), signal });
    const bench = new BenchCluster(cluster, signal);
    const account = { namespace, name: "default" };
    while (!(await bench.#client.get(serviceAccounts, account).catch(() => undefined)))
      await systemClock.sleep(20, signal);
    return bench;
  }

  get stateDir(): string {
    return this.#cluster.folder.path;
  }

  /** Milliseconds from the Deployment's creation until all its pods are ready; it is gone afterwards. */
  async measureReady(
    app: string,
    container: Partial<Container>,
    replicas: number,
  ): Promise<number> {
    const startMs = performance.now();
    await using _running = await this.run(app, container, replicas);
    return performance.now() - startMs;
  }

  /** Milliseconds from a new template until the rollout is complete. */
  async measureRollout(
    app: string,
    container: Partial<Container>,
    replicas: number,
  ): Promise<number> {
    await using running = await this.run(app, container, replicas);
    const template = { metadata: { annotations: { round: "2" } } };
    const startMs = performance.now();
    const key = { namespace, name: running.name };
    const patch = { type: "merge", body: { spec: { template } } } as const;
    await this.#client.patch(deployments, key, patch);
    await this.#until(
      running.name,
      ({ status }) =>
        status?.observedGeneration === 2 &&
        status.updatedReplicas === replicas &&
        status.replicas === replicas &&
        status.readyReplicas === replicas,
    );
    return performance.now() - startMs;
  }

  /** Runs a Deployment until disposed of; resolves when it is ready. */
  async run(
    app: string,
    container: Partial<Container>,
    replicas: number,
  ): Promise<AsyncDisposable & { readonly name: string }> {
    const name = `${app}-${++this.#count}`;
    const labels = { app: name };
    const spec = {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "main", ...container }] },
      },
    };
    const ready = this.#until(name, ({ status }) => status?.readyReplicas === replicas);
    await this.#client.create(deployments, { metadata: { namespace, name }, spec });
    await ready;
    return { name, [Symbol.asyncDispose]: () => this.#remove(name) };
  }

  async #until(name: string, isDone: (deployment: Deployment) => boolean): Promise<void> {
    const stopping = new AbortController();
    const signal = AbortSignal.any([this.#signal, stopping.signal]);
    const fieldSelector = `metadata.name=${name}`;
    try {
      for await (const { object } of this.#client.watch(deployments, {
        namespace,
        fieldSelector,
        signal,
      }))
        if (isDone(object)) return;
      throw new Error(`the watch of ${name} ended`);
    } finally {
      stopping.abort();
    }
  }

  async #remove(name: string): Promise<void> {
    await this.#client.delete(deployments, { namespace, name });
    const labelSelector = `app=${name}`;
    while ((await this.#client.list(pods, { namespace, labelSelector })).items.length > 0)
      await systemClock.sleep(50, this.#signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#cluster.stop();
  }
}
