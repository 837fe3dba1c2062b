import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type Started, Workbench } from "./testing/workbench.ts";

/** The moments of a run, by the lab that shows them and the words that tell that they have come. */
const moments = {
  "the cluster starts": ["deploy-app", "· cluster: API server"],
  "an add-on is installed": ["istio-canary", "· add-ons: istio"],
  "traffic flows": ["istio-canary", "manifests/weights.yaml"],
  "it cleans up": ["deploy-app", "deploy-app passed in"],
} as const;

const ways = {
  "Ctrl-C": (run: Started) => run.signal("SIGINT", "group"),
  SIGINT: (run: Started) => run.signal("SIGINT"),
  SIGTERM: (run: Started) => run.signal("SIGTERM"),
  "kill -9": (run: Started) => run.signal("SIGKILL"),
} as const;
const exitCodes = { "Ctrl-C": 130, SIGINT: 130, SIGTERM: 143, "kill -9": null } as const;

const cases: readonly (readonly [keyof typeof ways, keyof typeof moments])[] = [
  ...(Object.keys(moments) as (keyof typeof moments)[]).flatMap(
    (moment) => [["Ctrl-C", moment] as const, ["kill -9", moment] as const] as const,
  ),
  ["SIGINT", "traffic flows"],
  ["SIGTERM", "traffic flows"],
];

describe("a lab that is cut off", () => {
  test.each(cases)("by %s while %s leaves no process and no folder", async (way, moment) => {
    await using bench = new Workbench();
    const [lab, words] = moments[moment];
    const run = bench.node("scripts/lab.ts", lab, "--cluster", "embedded");
    await run.says(words);
    ways[way](run);
    const { code, output } = await run.ended;
    // While it cleans up it may be over before the signal arrives.
    expect(moment === "it cleans up" ? [exitCodes[way], 0] : [exitCodes[way]]).toContain(code);
    expect(output).not.toMatch(/\n\s+at .*\.ts:\d+/);
    expect(await bench.leftoversAfter(15_000)).toEqual([]);
  });
});

describe("a cluster with pods", () => {
  /** A cluster that stays, with the objects of a lab. */
  async function startKept(bench: Workbench): Promise<string> {
    const how = ["--cluster", "embedded", "--keep", "--step", "1"];
    const { output } = await bench.run("scripts/lab.ts", "deploy-app", ...how);
    const name = /down --name (\S+)/.exec(output)?.[1];
    if (name === undefined) throw new Error(output);
    return name;
  }

  test("goes away by itself when its process is killed with -9", async () => {
    await using bench = new Workbench();
    await startKept(bench);
    expect(bench.processes().length).toBeGreaterThan(3);
    process.kill(bench.processOf("embedded/main.ts"), "SIGKILL");
    expect(await bench.leftoversAfter(15_000)).toEqual([]);
  });

  test("leaves nothing at its end though its reaper was killed with -9", async () => {
    await using bench = new Workbench();
    const name = await startKept(bench);
    process.kill(bench.processOf("state/reaper.ts"), "SIGKILL");
    expect(await bench.run("scripts/cluster.ts", "down", "--name", name)).toEqual({
      code: 0,
      output: `cluster ${name} is down\n`,
    });
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  });

  test("is swept by the next start where its process and its reaper were killed with -9", async () => {
    await using bench = new Workbench();
    await startKept(bench);
    const cluster = bench.processOf("embedded/main.ts");
    process.kill(bench.processOf("state/reaper.ts"), "SIGKILL");
    process.kill(cluster, "SIGKILL");
    expect((await bench.run("scripts/lab.ts", "deploy-app", "--cluster", "embedded")).code).toBe(0);
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  });

  test("works on and leaves nothing at its end though its node proxy was killed with -9", async () => {
    await using bench = new Workbench();
    const name = await startKept(bench);
    const proxy = bench.processOf("node-proxy.ts");
    process.kill(proxy, "SIGKILL");
    await expect.poll(() => proxyOf(bench), { timeout: 15_000 }).not.toBe(proxy);
    expect((await bench.run("scripts/cluster.ts", "down", "--name", name)).code).toBe(0);
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  });

  function proxyOf(bench: Workbench): number | undefined {
    return bench.processes().find(({ command }) => command.includes("node-proxy.ts"))?.pid;
  }
});

test("a lab whose cluster is killed with -9 ends and says so", async () => {
  await using bench = new Workbench();
  const run = bench.node("scripts/lab.ts", "istio-canary", "--cluster", "embedded");
  await run.says("manifests/weights.yaml");
  process.kill(bench.processOf("embedded/main.ts"), "SIGKILL");
  const { code, output } = await run.ended;
  expect(output).toContain("the embedded cluster's process was ended by SIGKILL");
  expect(code).toBe(3);
  expect(await bench.leftoversAfter(15_000)).toEqual([]);
});

test.runIf(process.platform !== "win32")(
  "a run whose reader goes away removes what it made in a cluster that is not its own",
  async () => {
    await using bench = new Workbench();
    const { output } = await bench.run("scripts/cluster.ts", "up", "--name", "foreign");
    const KUBECONFIG = /KUBECONFIG=(\S+)/.exec(output)?.[1] ?? "";
    const lab = `"${process.execPath}" scripts/lab.ts deploy-app --context kubelab-foreign`;
    const piped = ["-o", "pipefail", "-c", `${lab} | grep --max-count=1 "kubectl apply"`];
    expect(await bench.start("bash", piped, { env: { KUBECONFIG } }).ended).toEqual({
      code: 141,
      output: expect.not.stringContaining("EPIPE") as string,
    });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(KUBECONFIG);
    const { items } = await kubeConfig.makeApiClient(CoreV1Api).listNamespace();
    expect(items.map(({ metadata }) => metadata?.name)).toEqual([
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system",
    ]);
    await bench.run("scripts/cluster.ts", "down", "--name", "foreign");
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  },
);

describe("npm run cluster up", () => {
  test.each([
    ["SIGINT", "group", 130],
    ["SIGTERM", "process", 143],
    ["SIGKILL", "process", null],
  ] as const)("cut off by %s leaves no process and no folder", async (signal, to, code) => {
    await using bench = new Workbench();
    const run = bench.node("scripts/cluster.ts", "up");
    await run.says("· API server");
    run.signal(signal, to);
    expect((await run.ended).code).toBe(code);
    expect(await bench.leftoversAfter(15_000)).toEqual([]);
  });
});

describe("npm test", () => {
  test.each([
    ["SIGINT", "group"],
    ["SIGTERM", "process"],
    ["SIGKILL", "process"],
  ] as const)("cut off by %s leaves no process and no folder", async (signal, to) => {
    await using bench = new Workbench();
    const vitest = "node_modules/vitest/vitest.mjs";
    const run = bench.node(vitest, "run", "--project", "labs", "deploy-app");
    await expect.poll(() => isServing(bench), { timeout: 30_000 }).toBe(true);
    run.signal(signal, to);
    await run.ended;
    expect(await bench.leftoversAfter(15_000)).toEqual([]);
  });

  function isServing(bench: Workbench): boolean {
    return bench.processes().some(({ command }) => command.includes("fixtures/main.ts"));
  }
});

test("npm run sabotage cut off by Ctrl-C leaves no process and no folder", async () => {
  await using bench = new Workbench();
  const run = bench.node("scripts/sabotage.ts", "deploy-app", "--cluster", "embedded");
  await run.says("caught");
  run.signal("SIGINT", "group");
  expect((await run.ended).code).toBe(130);
  expect(await bench.leftoversAfter(15_000)).toEqual([]);
});
