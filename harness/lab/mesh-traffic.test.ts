import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckRecord } from "../report/record.ts";
import type { SplitEvidence } from "../verdicts/split.ts";
import type { CertaintyOptions } from "./request-expectation.ts";
import {
  deployment,
  type EngineRun,
  firstCheck,
  service,
  startTestEngine,
  type TestEngine,
} from "./test-engine.ts";

let engine: TestEngine;
beforeAll(async () => void (engine = await startTestEngine()), 60_000);
afterAll(() => engine[Symbol.asyncDispose]());

const meshed = { addons: ["istio"] as const, namespaceLabels: { "istio-injection": "enabled" } };
/** Enough to be sure of in a test, and quick. */
const quick: CertaintyOptions = { alpha: 1e-2, beta: 1e-2 };
const versions = ["v1", "v2", "v3"] as const;

function apps(): string {
  return [
    deployment("access", "access"),
    ...versions.map((tag) =>
      deployment(`logic-${tag}`, "logic", { tag, labels: { app: "logic", version: tag } }),
    ),
    service("logic", { http: 8080 }),
    `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: logic }
spec:
  host: logic
  subsets: [${versions.map((tag) => `{ name: ${tag}, labels: { version: ${tag} } }`).join(", ")}]
`,
  ].join("");
}

function weights(shares: readonly number[], fault = ""): string {
  const route = shares.map(
    (weight, i) => `{ destination: { host: logic, subset: ${versions[i]} }, weight: ${weight} }`,
  );
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: logic }
spec: { hosts: [logic], http: [{ ${fault}route: [${route.join(", ")}] }] }
`;
}

describe("a split of 70/20/10 that is not fails for the reason that is there, through the whole engine", () => {
  const abort = "fault: { abort: { httpStatus: 503, percentage: { value: 5 } } }, ";
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["everything goes to one version", weights([100, 0, 0]), /^everything goes to v1$/],
    ["the weights are inverted", weights([10, 20, 70]), /^the weights are inverted$/],
    ["one version gets nothing", weights([78, 22, 0]), /^nothing goes to v3; the others share/],
    [
      "a part of the requests fails",
      weights([70, 20, 10], abort),
      /^errors: .* of the requests failed \(503 from/,
    ],
    [
      "another split is in force",
      weights([50, 40, 10]),
      /^another split is in force, near v1 (4\d|5\d)/,
    ],
    ["the rule spreads evenly, as none would", weights([34, 33, 33]), /^the rule is not in force/],
  ];
  let run: EngineRun;
  beforeAll(async () => {
    engine.manifest("apps.yaml", apps());
    engine.manifest("right.yaml", weights([70, 20, 10]));
    cases.forEach(([, text], i) => engine.manifest(`rule-${i}.yaml`, text));
    run = await engine.run(
      ({ step, apply, ready, remove, from, kube, eventually, expect: expectIt }) => {
        const page = from("deployment/access").get("http://logic:8080/");
        const split = (options: CertaintyOptions = {}) =>
          expectIt(page).toSplit({ v1: 70, v2: 20, v3: 10 }, { ...quick, ...options });
        const fails = (verdict: Promise<unknown>) => verdict.catch(() => undefined);
        step("Deploy", async () => {
          await apply("apps.yaml");
          await ready("deployment/access", ...versions.map((tag) => `deployment/logic-${tag}`));
          await fails(split({ converge: false }));
        });
        step("Break", async () => {
          for (const i of cases.keys()) {
            await apply(`rule-${i}.yaml`);
            await fails(split());
          }
        });
        step("Take a version away", async () => {
          await apply("right.yaml");
          await remove("deployment/logic-v3");
          await eventually(async () => {
            const pods = await kube.pods("service/logic");
            if (pods.length > 2) throw new Error(`${pods.length} pods`);
          });
          await fails(split({ alpha: 1e-6, beta: 1e-6 }));
        });
      },
      meshed,
    );
  }, 120_000);

  const checkOf = (step: number, index: number): CheckRecord | undefined =>
    run.record.steps[step]?.checks[index];

  test("no rule at all: requests are spread over the pods", () => {
    expect(run.record.steps.map((step) => step.error)).toEqual([undefined, undefined, undefined]);
    expect(checkOf(0, 0)).toMatchObject({ outcome: "fail", kind: "split" });
    expect(checkOf(0, 0)?.cause).toMatch(/^the rule is not in force: requests are spread/);
  });

  test.each(cases.map(([name, , cause], i) => [name, i, cause] as const))("%s", (_, i, cause) => {
    expect(checkOf(1, i)).toMatchObject({ outcome: "fail", kind: "split" });
    expect(checkOf(1, i)?.cause).toMatch(cause);
    expect(checkOf(1, i)?.gate?.requests).toBeGreaterThanOrEqual(3);
  });

  test("one version has no pods: its share ends in errors", () => {
    expect(checkOf(2, 0)?.cause).toMatch(
      /^no answer from v3: its share of requests ends in errors \(503 from/,
    );
  });
});

describe("the sampler in a pod, under STRICT mutual TLS", () => {
  const port = { http: 8081, grpc: 50051, "tcp-line": 9000 };
  const line = `require("node:net").createServer((s) => s.on("error", () => {}).on("data", () => s.write("pong " + require("node:os").hostname() + "\\n"))).listen(9000)`;
  let run: EngineRun;
  beforeAll(async () => {
    engine.manifest(
      "strict.yaml",
      `${deployment("access", "access")}${deployment("combat", "combat", { port: 8081 })}${service("combat", port)}---
apiVersion: apps/v1
kind: Deployment
metadata: { name: line }
spec:
  selector: { matchLabels: { app: line } }
  template:
    metadata: { labels: { app: line } }
    spec:
      containers:
        - { name: line, image: "kubelab/apps:v1", command: [node, -e, ${JSON.stringify(line)}], readinessProbe: { tcpSocket: { port: 9000 } } }
${service("line", { "tcp-line": 9000 })}---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`,
    );
    const labels = { app: "plain", "sidecar.istio.io/inject": "false" };
    engine.manifest("plain.yaml", deployment("plain", "access", { labels }));
    run = await engine.run(({ step, apply, ready, from, expect: expectIt }) => {
      step("Deploy", async () => {
        await apply("strict.yaml", "plain.yaml");
        await ready(
          "deployment/access",
          "deployment/combat",
          "deployment/line",
          "deployment/plain",
        );
      });
      for (const connections of ["new", "kept-alive"] as const)
        step(`Send, ${connections}`, async () => {
          const there = from("deployment/access");
          await expectIt(there.get("http://combat:8081/", { connections })).toAnswer({
            status: 200,
            app: "combat",
          });
          await expectIt(there.get("http://combat:8081/", { connections, http2: true })).toAnswer({
            status: 200,
            app: "combat",
          });
          await expectIt(
            there.grpc("combat:50051", "helloworld.Greeter/SayHello", { connections }),
          ).toAnswer({ status: 0, app: "combat" });
          await expectIt(there.tcp("line:9000", { line: "ping\n", connections })).toAnswer({
            body: /^pong line-/,
          });
        });
      step("Send without a sidecar", async () => {
        const plain = from("deployment/plain");
        await expectIt(plain.get(`http://combat:8081/`)).toRefuse({ as: "reset" });
      });
    }, meshed);
  }, 120_000);

  test("sends HTTP/1.1, HTTP/2, gRPC and TCP, on new connections and kept ones", () => {
    for (const step of run.record.steps) expect(step.error).toBeUndefined();
    expect(run.checks.slice(0, 8).map(({ outcome }) => outcome)).toEqual(Array(8).fill("pass"));
  });
});

describe("how answers follow one another is tested", () => {
  const deployed = versions.map((tag) => `deployment/logic-${tag}`);
  const independenceOf = (run: EngineRun) =>
    (firstCheck(run).evidence as SplitEvidence).independence;

  test("a right split over kept connections is one draw a request", async () => {
    engine.manifest("apps.yaml", apps());
    engine.manifest("right.yaml", weights([70, 20, 10]));
    const run = await engine.run(({ step, apply, ready, from, expect: expectIt }) => {
      step("Split", async () => {
        await apply("apps.yaml", "right.yaml");
        await ready("deployment/access", ...deployed);
        const page = from("deployment/access").get("http://logic:8080/", { connections: 8 });
        await expectIt(page).toSplit({ v1: 70, v2: 20, v3: 10 }, { alpha: 1e-2, beta: 1e-2 });
      });
    }, meshed);
    expect(run.record.steps[0]?.error).toBeUndefined();
    expect(independenceOf(run).pattern).toBe("independent");
    expect(independenceOf(run).pairs.of).toBeGreaterThan(100);
  }, 60_000);

  test("a Service that draws once for each connection is found out", async () => {
    const two = versions
      .slice(0, 2)
      .map((tag) =>
        deployment(`logic-${tag}`, "logic", { tag, labels: { app: "logic", version: tag } }),
      );
    engine.manifest(
      "two.yaml",
      [deployment("access", "access"), ...two, service("logic", { http: 8080 })].join(""),
    );
    const run = await engine.run(({ step, apply, ready, from, expect: expectIt }) => {
      step("Split", async () => {
        await apply("two.yaml");
        await ready("deployment/access", ...deployed.slice(0, 2));
        const page = from("deployment/access").get("http://logic:8080/", { connections: 24 });
        await expectIt(page).toSplit({ v1: 50, v2: 50 }, { alpha: 1e-3, beta: 1e-3 });
      });
    });
    expect(run.checks[0]?.outcome).not.toBe("pass");
    expect(run.checks[0]?.summary).toContain("each connection keeps its target");
    expect(independenceOf(run).pattern).toBe("pinned");
  }, 60_000);
});
