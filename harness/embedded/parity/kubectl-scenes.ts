import { execFile } from "node:child_process";
import type { Clock } from "../../time/clock.ts";
import { readTrace } from "./trace.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** One namespace that kubectl works in; what it prints for a golden file is kept by the file's name and by version. */
export class KubectlSession {
  /** "describe-deployment 1.33" → what was printed. */
  readonly printed = new Map<string, string>();
  readonly #kubectls: Readonly<Record<string, string>>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clock: Clock;

  /** `kubectls` are programs by version; the last one does what changes something. */
  constructor(
    kubectls: Readonly<Record<string, string>>,
    options: { readonly kubeConfigPath: string; readonly home: string; readonly clock: Clock },
  ) {
    this.#kubectls = kubectls;
    this.#env = { ...process.env, KUBECONFIG: options.kubeConfigPath, HOME: options.home };
    this.#clock = options.clock;
  }

  /** Runs the newest kubectl; what it printed, errors and a failing exit included. */
  async run(namespace: string, command: string, input = ""): Promise<string> {
    const program = Object.values(this.#kubectls).at(-1) ?? "kubectl";
    return this.#run(program, namespace, command.split(" "), input);
  }

  /** Runs the newest kubectl and keeps what it printed. */
  async change(namespace: string, file: string, command: string, input = ""): Promise<void> {
    const version = Object.keys(this.#kubectls).at(-1);
    this.printed.set(`${file} ${version}`, await this.run(namespace, command, input));
  }

  /** Runs every kubectl and keeps what each printed. */
  async show(namespace: string, file: string, command: string): Promise<void> {
    for (const [version, program] of Object.entries(this.#kubectls))
      this.printed.set(
        `${file} ${version}`,
        await this.#run(program, namespace, command.split(" ")),
      );
  }

  /** Tries a command until what it prints matches; for 30 s. */
  async until(namespace: string, command: string, wanted: RegExp): Promise<void> {
    const endMs = this.#clock.now() + 30_000;
    for (let text = ""; !wanted.test(text);) {
      if (this.#clock.now() > endMs)
        throw new Error(`kubectl -n ${namespace} ${command} never printed ${wanted}: ${text}`);
      await this.#clock.sleep(250);
      text = await this.run(namespace, command);
    }
  }

  /** Makes a namespace and applies in it what was recorded there. */
  async open(namespace: string): Promise<void> {
    await this.run("default", `create namespace ${namespace}`);
    await this.until(namespace, "get serviceaccounts -o name", /default/);
  }

  #run(program: string, namespace: string, words: string[], input = ""): Promise<string> {
    return new Promise((resolve) => {
      const done = (error: Error | null, out: string, err: string): void => {
        const code = error ? `exit ${(error as { code?: number }).code}\n` : "";
        resolve(out + err + code);
      };
      const args = namespace === "" ? words : ["-n", namespace, ...words];
      const child = execFile(program, args, { env: this.#env }, done);
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }
}

/** The manifests that the recording's objects were applied from. */
export function recordedManifests(scenario: string): string {
  const { deployments, services, pods } = readTrace(scenario);
  return [...deployments, ...services, ...pods]
    .flatMap(({ type, object }) =>
      type === "ADDED" ? (object.metadata?.annotations?.[lastApplied] ?? []) : [],
    )
    .join("\n---\n");
}

const settled = "rollout status deployment/web";

/** What was recorded with kubectl, scenario by scenario. */
export const kubectlScenes: Readonly<Record<string, (kubectl: KubectlSession) => Promise<void>>> = {
  async "g-rollout"(kubectl) {
    const ns = "g-rollout";
    await kubectl.open(ns);
    await kubectl.run(ns, "apply -f -", recordedManifests(ns));
    await kubectl.change(ns, "rollout-status-create", settled);
    await kubectl.change(ns, "scale", "scale deployment/web --replicas=6");
    await kubectl.run(ns, settled);
    await kubectl.run(ns, "scale deployment/web --replicas=4");
    await kubectl.run(ns, settled);
    await kubectl.change(ns, "set-env", "set env deployment/web V=2");
    await kubectl.change(ns, "rollout-status-update", settled);
    await kubectl.show(ns, "rollout-history", "rollout history deployment/web");
    await kubectl.change(ns, "rollout-undo", "rollout undo deployment/web");
    await kubectl.run(ns, settled);
    await kubectl.change(ns, "rollout-restart", "rollout restart deployment/web");
    await kubectl.run(ns, settled);
    await kubectl.run(ns, "rollout undo deployment/web --to-revision=2");
    await kubectl.change(ns, "undo-gone", "rollout undo deployment/web --to-revision=9");
    await kubectl.run(ns, settled);
    await kubectl.until(ns, "get pods --no-headers", /^(.* Running .*\n){4}$/);
    for (const resource of ["deployments", "replicasets", "pods", "services", "endpointslices"]) {
      await kubectl.show(ns, `get-${resource}`, `get ${resource}`);
      await kubectl.show(ns, `get-${resource}-wide`, `get ${resource} -o wide`);
    }
    await kubectl.show(ns, "describe-deployment", "describe deployment web");
    await kubectl.show(ns, "describe-pods", "describe pods");
    await kubectl.show(ns, "describe-service", "describe service web");
    await kubectl.change("", "delete-ns", `delete namespace ${ns}`);
  },
  async "g-badrollout"(kubectl) {
    const ns = "g-badrollout";
    await kubectl.open(ns);
    await kubectl.run(ns, "apply -f -", recordedManifests(ns));
    await kubectl.run(ns, settled);
    const probe = { httpGet: { path: "/missing", port: 8080 } };
    const containers = [{ name: "web", readinessProbe: probe }];
    const patch = JSON.stringify({ spec: { template: { spec: { containers } } } });
    await kubectl.run(ns, `patch deployment web -p ${patch}`);
    await kubectl.change(ns, "rollout-status-deadline", settled);
    await kubectl.show(ns, "describe-deployment-badrollout", "describe deployment web");
    await kubectl.show(ns, "get-pods-badrollout", "get pods");
    await kubectl.run(ns, "rollout undo deployment/web");
    await kubectl.until(ns, "get pods --no-headers", /^(.* 1\/1 .*\n){3}$/);
    await kubectl.run(ns, "set image deployment/web web=nope.invalid/nope:1");
    await kubectl.until(ns, "get pods", /ImagePullBackOff/);
    await kubectl.show(ns, "get-pods-badimage", "get pods");
    await kubectl.show(ns, "describe-pods-badimage", "describe pods");
  },
  async "g-config"(kubectl) {
    const ns = "g-config";
    await kubectl.open(ns);
    const objects = [
      { kind: "ConfigMap", name: "cfg", data: { APP: "name: one\n", PG_URL: "postgres://one" } },
      { kind: "Secret", name: "sec", data: { PWD: "YWJjCg==" } },
    ].map(({ kind, name, data }) =>
      JSON.stringify({ apiVersion: "v1", kind, metadata: { name }, data }),
    );
    const manifests = [...objects, recordedManifests(ns)].join("\n---\n");
    await kubectl.change(ns, "apply-created", "apply -f -", manifests);
    await kubectl.change(ns, "wait", "wait --for=condition=Ready pod/p");
    await kubectl.until(ns, "get pods", /CreateContainerConfigError/);
    await kubectl.show(ns, "get-cm-secret", "get configmaps,secrets");
    await kubectl.show(ns, "describe-configmap", "describe configmap cfg");
    await kubectl.show(ns, "describe-secret", "describe secret sec");
    await kubectl.show(ns, "get-pods-config-missing", "get pods");
    await kubectl.show(ns, "describe-pod-config-missing", "describe pod missing");
  },
  async "g-crash"(kubectl) {
    const ns = "g-crash";
    await kubectl.open(ns);
    await kubectl.run(ns, "apply -f -", recordedManifests(ns));
    await kubectl.until(ns, "get pods", /Error +2 /);
    await kubectl.show(ns, "describe-pod-crash", "describe pods");
    await kubectl.show(ns, "logs-crash", "logs deployment/crash");
  },
  async "g-liveness"(kubectl) {
    const ns = "g-liveness";
    await kubectl.open(ns);
    await kubectl.run(ns, "apply -f -", recordedManifests(ns));
    await kubectl.run(ns, settled);
    await kubectl.run(ns, "exec deployment/web -- rm /www/index.html");
    await kubectl.until(ns, "get pods", /1\/1 +Running +1 /);
    await kubectl.show(ns, "describe-pod-liveness", "describe pods");
  },
};
