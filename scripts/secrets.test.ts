import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { createKubeApi } from "../harness/kube/connection.ts";
import { Workbench } from "./testing/workbench.ts";

const canary = "canary-5fc1b7d0e2";
const encoded = Buffer.from(canary).toString("base64");

/** A pod that has the Secret as a variable and as a file, beside one whose start fails for want of a key. */
const objects = [
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "canary" },
    data: { word: encoded },
  },
  podWith("reads", "word"),
  podWith("lacks", "missing"),
] as const;

test.runIf(process.platform === "linux")(
  "what Secrets hold, keys and tokens stay out of reports, logs, command lines and others' reach",
  async () => {
    await using bench = new Workbench();
    const [json, junit] = [join(bench.folder, "run.json"), join(bench.folder, "run.xml")];
    const how = ["--cluster", "embedded", "--keep", "--json", json, "--junit", junit];
    const { code, output } = await bench.run("scripts/lab.ts", "secret-env", ...how);
    expect(output).toContain("secret-env passed");
    expect(code).toBe(0);
    const kubeconfig = /KUBECONFIG=(\S+)/.exec(output)?.[1] ?? "";
    const state = join(kubeconfig, "..");
    await deployCanary(kubeconfig);

    const tokens = tokensIn(join(state, "pods"));
    const keys = keysOf(kubeconfig);
    expect(tokens.length).toBeGreaterThan(0);
    expect(keys.length).toBeGreaterThan(0);
    const secrets = [canary, encoded, "YWJjCg==", ...tokens, ...keys];
    const told = {
      output,
      json: readFileSync(json, "utf8"),
      junit: readFileSync(junit, "utf8"),
      "cluster.log": readFileSync(join(state, "cluster.log"), "utf8"),
      "command lines": bench
        .processes()
        .map(({ command }) => command)
        .join("\n"),
    };
    const found = Object.entries(told).flatMap(([place, text]) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${place}`),
    );
    expect(found).toEqual([]);
    expect([...openToOthers(join(state, "..")), ...openToOthers(state)]).toEqual([]);

    await bench.run("scripts/cluster.ts", "down", "--all");
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  },
);

function podWith(name: string, key: string) {
  const env = [{ name: "WORD", valueFrom: { secretKeyRef: { name: "canary", key } } }];
  const volumeMounts = [{ name: "canary", mountPath: "/canary" }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      containers: [{ name: "app", image: "kubelab/apps:v1", args: ["combat"], env, volumeMounts }],
      volumes: [{ name: "canary", secret: { secretName: "canary" } }],
    },
  };
}

/** Brings the canary to the cluster, and waits until one pod has it and the other has failed. */
async function deployCanary(kubeconfig: string): Promise<void> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  const api = createKubeApi(kubeConfig);
  for (const object of objects) {
    const path = `/api/v1/namespaces/default/${object.kind.toLowerCase()}s`;
    await api.request("POST", path, { body: object });
  }
  const pods = async () =>
    JSON.stringify(await api.request("GET", "/api/v1/namespaces/default/pods"));
  await expect.poll(pods, { timeout: 20_000 }).toContain('"reason":"CreateContainerConfigError"');
  await expect.poll(pods, { timeout: 20_000 }).toContain('"running":{');
}

function keysOf(kubeconfig: string): readonly string[] {
  const text = readFileSync(kubeconfig, "utf8");
  return [...text.matchAll(/(?:client-key-data|token)"?: "?([^"\s]+)/g)].map(([, key = ""]) => key);
}

/** The files named token under a folder. */
function tokensIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === "token")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

/** The folder and what lies in it, where others may do anything with it. */
function openToOthers(folder: string): readonly string[] {
  const all = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
  return all.filter((path) => (statSync(path).mode & 0o077) !== 0);
}
