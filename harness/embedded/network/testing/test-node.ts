import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Service } from "kubernetes-types/core/v1";
import type { PodSandbox } from "../../pod-network.ts";
import { issueCredential } from "../credential.ts";
import { startNodeNetwork, type NodeNetwork } from "../node.ts";
import { podVariables } from "../pod-environment.ts";
import { sliceOf } from "./slices.ts";
import { clusterResolver } from "./cluster-resolver.ts";

const secret = "the secret of the test's cluster";
const folder = join(import.meta.dirname, "..");

export interface TestPod extends PodSandbox {
  /** Runs a module's text in the pod; it may `import` what the repository has. */
  run(code: string, options?: RunOptions): PodProcess;
}

export interface RunOptions {
  readonly proxy?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of a pod, and what it wrote. */
export class PodProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly errors: string[] = [];
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.exited = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error("the pod process has no output");
    stderr.on("data", (chunk) => this.errors.push(String(chunk)));
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** The next line of output as JSON. */
  async next<T = unknown>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the process ended (${await this.exited}): ${this.errors.join("")}`);
    return JSON.parse(value) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

/** A node in this process, for pods that are real processes. */
export class TestNode implements AsyncDisposable {
  readonly node: NodeNetwork;
  readonly socketPath: string;
  readonly #folder: string;
  readonly #processes: PodProcess[] = [];

  private constructor(node: NodeNetwork, path: string, socketPath: string) {
    this.node = node;
    this.#folder = path;
    this.socketPath = socketPath;
  }

  static async start(
    options: { readonly apiServer?: { host: string; port: number } } = {},
  ): Promise<TestNode> {
    const path = mkdtempSync(join(tmpdir(), "kubelab-net-"));
    const socketPath = join(path, "n.sock");
    const { apiServer = { host: "127.0.0.1", port: 1 } } = options;
    const node = await startNodeNetwork({ socketPath, secret, apiServer, endpointLagMs: 0 });
    return new TestNode(node, path, socketPath);
  }

  pod(name: string, ip: string, more: Partial<PodSandbox> = {}): TestPod {
    const sandbox: PodSandbox = {
      namespace: "default",
      name,
      uid: `uid-${name}`,
      ip,
      hostname: name,
      resolver: clusterResolver("default"),
      hosts: {},
      ...more,
    };
    this.node.pods.add(sandbox);
    return { ...sandbox, run: (code, options) => this.#run(sandbox, code, options) };
  }

  /** A ClusterIP Service of one port and the slice with its endpoints. */
  service(name: string, clusterIP: string, port: number, targetPort: number, ips: string[]): void {
    this.setService({
      metadata: { namespace: "default", name },
      spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port, targetPort }] },
    });
    this.setEndpoints(name, targetPort, ips);
  }

  setService(service: Service): void {
    this.node.table.setService(service);
    this.node.changed();
  }

  setEndpoints(name: string, port: number, ips: string[]): void {
    this.node.table.setSlice(sliceOf(name, port, ips));
    this.node.changed();
  }

  environmentOf(sandbox: PodSandbox, proxy = false): Record<string, string> {
    const { ip, uid } = sandbox;
    const credential = issueCredential(secret, { kind: "pod", ip, uid, proxy });
    return podVariables(this.socketPath, sandbox, credential);
  }

  #run(
    sandbox: PodSandbox,
    code: string,
    { proxy = false, env = {} }: RunOptions = {},
  ): PodProcess {
    const started = runInPod({ ...this.environmentOf(sandbox, proxy), ...env }, code);
    this.#processes.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((started) => started[Symbol.asyncDispose]()));
    await this.node[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs a module's text with a pod's variables. */
export function runInPod(
  variables: Readonly<Record<string, string>>,
  code: string,
  more: Readonly<Record<string, string>> = {},
): PodProcess {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", code], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: join(folder, "../../../node_modules/.cache/kubelab-test"),
      ...variables,
      ...more,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new PodProcess(child);
}

/** Code for a pod: writes a value as a line. */
export const say = `const say = (value) => console.log(JSON.stringify(value));\n`;
