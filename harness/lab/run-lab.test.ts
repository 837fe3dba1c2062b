import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedCluster } from "../clusters/cluster.ts";
import { embeddedCluster } from "../clusters/embedded.ts";
import type { LabEvent } from "../report/events.ts";
import type { Define, LabOptions } from "./definition.ts";
import { describeLab } from "./lab.ts";
import type { RunOptions } from "./run-context.ts";
import { runLab } from "./run-lab.ts";
import { withAddons } from "./with-addons.ts";

let cluster: StartedCluster;
const folder = mkdtempSync(join(tmpdir(), "lab-engine-"));

beforeAll(async () => {
  mkdirSync(join(folder, "manifests"));
  cluster = await embeddedCluster().start({ signal: new AbortController().signal });
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

function manifest(name: string, text: string): void {
  writeFileSync(join(folder, "manifests", name), text);
}

async function run(
  define: Define,
  options: Partial<LabOptions> = {},
  more: Partial<RunOptions> = {},
) {
  const events: LabEvent[] = [];
  const definition = describeLab(
    "engine",
    { tutorial: "none", shows: "a test", folder, ...options },
    define,
  );
  const record = await runLab(definition, {
    cluster: withAddons(cluster),
    observer: (event) => void events.push(event),
    signal: new AbortController().signal,
    ...more,
  });
  return { record, events };
}

async function namespaces(): Promise<readonly string[]> {
  const { createKubeApi } = await import("../kube/connection.ts");
  const api = createKubeApi(cluster.kubeConfig);
  const list = await api.request<{ items: { metadata: { name: string } }[] }>(
    "GET",
    "/api/v1/namespaces",
  );
  return list.items.map((item) => item.metadata.name);
}

const settings =
  "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { colour: blue }\n";

test("steps run in order, in a namespace of the lab's own that is gone afterwards", async () => {
  manifest("settings.yaml", settings);
  const seen: string[] = [];
  const { record } = await run(({ step, apply, kube, namespace, expect: expectIt }) => {
    step("Apply", async () => {
      await apply("settings.yaml");
      seen.push("apply");
    });
    step("Look", async () => {
      const found = await kube.get("configmap/settings");
      expectIt(found.data?.["colour"]).toBe("blue");
      expectIt(found.metadata?.namespace).toBe(namespace);
      seen.push("look");
    });
  });
  expect(record.outcome).toBe("passed");
  expect(seen).toEqual(["apply", "look"]);
  expect(record.namespace).toMatch(/^kubelab-engine-[a-z0-9]{4}$/);
  expect(await namespaces()).not.toContain(record.namespace);
});

test("a failed step skips the later ones and says what was expected and received", async () => {
  const { record } = await run(({ step, expect: expectIt }) => {
    step("One", async () => expectIt(1, "the count").toBe(2));
    step("Two", async () => undefined);
  });
  expect(record.outcome).toBe("failed");
  expect(record.steps.map((step) => step.outcome)).toEqual(["failed", "skipped"]);
  expect(record.steps[0]?.error).toMatchObject({
    code: "LAB_EXPECTATION_FAILED",
    message: "the count: expected it to be 2, received 1",
  });
});

test("variables of one run are not seen by the next", async () => {
  const define: Define = ({ step, expect: expectIt }) => {
    let calls = 0;
    step("Count", async () => expectIt(++calls).toBe(1));
  };
  expect((await run(define)).record.outcome).toBe("passed");
  expect((await run(define)).record.outcome).toBe("passed");
});

test.each([
  ["bad YAML", "kind: [x\n", /broken\.yaml:\d: the YAML cannot be read/],
  [
    "an unknown kind",
    "apiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: a }\n",
    /broken\.yaml:2: .*no kind Deploymnt in apps\/v1; it has Deployment/,
  ],
  ["an unknown field", `${settings}bogus: 1\n`, /broken\.yaml:5: .*bogus/],
  [
    "a field of the wrong type",
    "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec:\n  ports:\n    - port: eighty\n",
    /broken\.yaml:6: .*(port|eighty)/,
  ],
  [
    "a namespace of its own",
    settings.replace("{ name", "{ namespace: default, name"),
    /broken\.yaml:3: a lab's manifest names no namespace/,
  ],
])("a manifest with %s is refused with file and line", async (_, text, message) => {
  manifest("broken.yaml", text);
  const { record } = await run(({ step, apply }) => step("Apply", () => apply("broken.yaml")));
  expect(record.steps[0]?.error?.code).toBe("LAB_MANIFEST_INVALID");
  expect(record.steps[0]?.error?.message).toMatch(message);
});

test("a failure comes with the events and conditions of what was concerned, and without secrets", async () => {
  manifest(
    "app.yaml",
    `apiVersion: v1
kind: Secret
metadata: { name: login }
stringData: { password: open-sesame }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: kubelab/apps:v1
          command: [sh, -c, "echo my password is $PASSWORD; exit 3"]
          readinessProbe: { tcpSocket: { port: 8080 } }
          env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: login, key: password } } }]
`,
  );
  const { record } = await run(({ step, apply, ready }) =>
    step("Deploy", async () => {
      await apply("app.yaml");
      await ready("deployment/web");
    }),
  );
  const [step] = record.steps;
  expect(step?.error?.code).toBe("LAB_ROLLOUT_FAILED");
  expect(step?.error?.message).toMatch(
    /^Deployment kubelab-engine-.{4}\/web: 0 of 1 replica ready after .*last: CrashLoopBackOff on web-/,
  );
  const pod = step?.evidence?.find((one) => one.object.startsWith("Pod"));
  expect(pod?.events.join("\n")).toContain("BackOff");
  expect(pod?.logs["web"]?.join("\n")).toContain("my password is ‹hidden›");
  expect(JSON.stringify(record)).not.toContain("open-sesame");
});

test("a lab that needs what the cluster has not is skipped and says so", async () => {
  const { record } = await run(({ step }) => step("Never", async () => undefined), {
    requires: ["gateway-api"],
  });
  expect(record).toMatchObject({ outcome: "skipped", steps: [] });
  expect(record.reason).toContain("has no gateway-api");
});

test("an interrupted run ends its step and still cleans up", async () => {
  const stop = new AbortController();
  const { record } = await run(
    ({ step, eventually }) =>
      step("Wait", async () => {
        stop.abort(new Error("stopped by SIGINT"));
        await eventually(() => {
          throw new Error("never");
        });
      }),
    {},
    { signal: stop.signal },
  );
  expect(record.outcome).toBe("interrupted");
  expect(await namespaces()).not.toContain(record.namespace);
});

test("a step that takes too long ends with what it was and how long it had", async () => {
  const { record } = await run(
    ({ step, eventually }) =>
      step("Wait", () =>
        eventually(() => {
          throw new Error("never");
        }),
      ),
    { stepTimeoutMs: 300 },
  );
  expect(record.steps[0]?.error?.message).toBe("step 1 was not over after 0.3s");
});

test("further namespaces are named after the lab's own and go with it", async () => {
  manifest("settings.yaml", settings);
  const { record } = await run(
    ({ step, apply, kube, namespaceOf, expect: expectIt }) =>
      step("Apply there", async () => {
        await apply("settings.yaml", { space: "other" });
        expectIt(
          (await kube.get("other:configmap/settings" as "configmap/settings")).metadata?.namespace,
        ).toBe(namespaceOf("other"));
      }),
    { spaces: ["other"] },
  );
  expect(record.steps[0]?.error).toBeUndefined();
  expect(await namespaces()).not.toContain(`${record.namespace}-other`);
});

test("a Secret's values are not shown with the manifest that is applied", async () => {
  manifest(
    "secret.yaml",
    "apiVersion: v1\nkind: Secret\nmetadata: { name: login }\ndata: { PWD: YWJjCg== }\nstringData: { user: sesame }\n",
  );
  const { record, events } = await run(({ step, apply }) =>
    step("Apply", () => apply("secret.yaml")),
  );
  expect(record.outcome).toBe("passed");
  const shown = events.find((event) => event.type === "command");
  expect(shown).toMatchObject({ manifest: expect.stringContaining("PWD: ‹hidden›") });
  expect(JSON.stringify(events)).not.toMatch(/YWJjCg==|sesame/);
});

test("a command that a check repeats until it holds is told once", async () => {
  manifest("settings.yaml", settings);
  const { record, events } = await run(({ step, apply, eventually, kube, expect: expectIt }) =>
    step("Wait", async () => {
      await apply("settings.yaml");
      let tries = 0;
      await eventually(
        async () => {
          await kube.patch("configmap/settings", { data: { colour: "red" } });
          expectIt(++tries).toBe(3);
        },
        { everyMs: 1 },
      );
    }),
  );
  expect(record.outcome).toBe("passed");
  const told = events.filter((event) => event.type === "command").map(({ command }) => command);
  expect(told).toHaveLength(2);
  expect(told[1]).toContain("kubectl patch configmap/settings");
});
