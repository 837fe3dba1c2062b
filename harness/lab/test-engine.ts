import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StartedCluster } from "../clusters/cluster.ts";
import { embeddedCluster } from "../clusters/embedded.ts";
import type { LabEvent } from "../report/events.ts";
import type { CheckRecord, LabRecord } from "../report/record.ts";
import type { Define, LabDefinition, LabOptions } from "./definition.ts";
import { describeLab } from "./lab.ts";
import type { RunOptions } from "./run-context.ts";
import { runLab } from "./run-lab.ts";
import { withAddons } from "./with-addons.ts";

/** What one run of a test's lab left behind. */
export interface EngineRun {
  readonly record: LabRecord;
  readonly events: readonly LabEvent[];
  readonly checks: readonly CheckRecord[];
}

/** An embedded cluster and a folder of manifests, for tests that run labs of their own. */
export interface TestEngine extends AsyncDisposable {
  readonly cluster: StartedCluster;
  manifest(name: string, text: string): void;
  describe(define: Define, options?: Partial<LabOptions>): LabDefinition;
  run(
    define: Define,
    options?: Partial<LabOptions>,
    more?: Partial<RunOptions>,
  ): Promise<EngineRun>;
  /** What every run needs beside its definition. */
  readonly options: Pick<RunOptions, "cluster" | "observer" | "signal">;
}

/** Starts the cluster. */
export async function startTestEngine(): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), "lab-engine-"));
  mkdirSync(join(folder, "manifests"));
  const { signal } = new AbortController();
  const cluster = await embeddedCluster().start({ signal });
  const base = { cluster: withAddons(cluster), observer: () => undefined, signal };
  const describe: TestEngine["describe"] = (define, options = {}) =>
    describeLab("engine", { tutorial: "none", shows: "a test", folder, ...options }, define);
  return {
    cluster,
    options: base,
    describe,
    manifest: (name, text) => writeFileSync(join(folder, "manifests", name), text),
    async run(define, options, more) {
      const events: LabEvent[] = [];
      const observer = (event: LabEvent) => void events.push(event);
      const record = await runLab(describe(define, options), { ...base, observer, ...more });
      return { record, events, checks: record.steps.flatMap((step) => step.checks) };
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A run's first check. */
export function firstCheck({ checks }: EngineRun): CheckRecord {
  const [check] = checks;
  if (!check) throw new Error("the run made no check");
  return check;
}

/** A Deployment of one of the fixture apps. */
export function deployment(
  name: string,
  app: string,
  options: {
    readonly tag?: string;
    readonly replicas?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly port?: number;
  } = {},
): string {
  const { tag = "v1", replicas = 1, labels = { app: name }, args = [], port = 8080 } = options;
  const own = JSON.stringify(labels);
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: ${own} }
  template:
    metadata: { labels: ${own} }
    spec:
      containers:
        - name: ${app}
          image: kubelab/apps:${tag}
          args: ${JSON.stringify([app, ...args])}
          readinessProbe: { tcpSocket: { port: ${port} }, periodSeconds: 1 }
`;
}

/** A Service of the pods with this label `app`. */
export function service(
  name: string,
  ports: Readonly<Record<string, number>>,
  type = "ClusterIP",
): string {
  const list = Object.entries(ports).map(([port, number]) => `{ name: ${port}, port: ${number} }`);
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { type: ${type}, selector: { app: ${name} }, ports: [${list.join(", ")}] }
`;
}
