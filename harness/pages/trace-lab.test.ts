import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeLab } from "../lab/lab.ts";
import type { Action } from "./actions.ts";
import { commandsFor, type Place } from "./commands.ts";
import { traceLab } from "./trace-lab.ts";
import { describeCheck } from "./words.ts";

const place: Place = {
  namespace: "kubelab-x",
  manifests: "labs/x/manifests",
  selectorOf: (target) => (target === "deployment/web" ? "app=web" : undefined),
};

/** What the one step of a lab does whose function has this body. */
async function trace(body: string, before = ""): Promise<readonly Action[]> {
  const folder = mkdtempSync(join(tmpdir(), "kubelab-trace-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tools =
    "{ step, apply, ready, remove, from, outside, load, expect, ask, eventually, kube, vars }";
  writeFileSync(
    join(folder, "lab.ts"),
    `import { lab } from "../../harness/index.ts";\nlab("x", {}, (${tools}) => {\n${before}\nstep("one", async () => {\n${body}\n});\n});`,
  );
  const definition = describeLab(
    "x",
    { tutorial: "t", shows: "s", folder, vars: { rate: 50 } },
    (given) => given.step("one", async () => undefined),
  );
  const [actions = []] = await traceLab(definition);
  return actions;
}

async function commands(body: string, before?: string): Promise<readonly string[]> {
  const actions = await trace(body, before);
  return (await Promise.all(actions.map((action) => commandsFor(action, place)))).flat();
}

test("tells in kubectl's words what a step does", async () => {
  expect(
    await commands(`
      await apply("a.yaml", "b.yaml", { space: "other" });
      await ready("deployment/web", "other:pod/one");
      await kube.scale("deployment/web", 3);
      await kube.setImage("deployment/web", "web", "kubelab/apps:v2");
      await kube.undo("other:deployment/web", { toRevision: 1 });
      await kube.exec("deployment/web", ["sh", "-c", "echo hi"]);
      await remove("a.yaml", "pod/two");`),
  ).toEqual([
    "kubectl apply -n kubelab-x-other -f labs/x/manifests/a.yaml",
    "kubectl apply -n kubelab-x-other -f labs/x/manifests/b.yaml",
    "kubectl rollout status deployment/web",
    "kubectl -n kubelab-x-other wait --for=condition=Ready pod/one",
    "kubectl scale deployment/web --replicas=3",
    "kubectl set image deployment/web web=kubelab/apps:v2",
    "kubectl -n kubelab-x-other rollout undo deployment/web --to-revision=1",
    "kubectl exec deployment/web -- sh -c 'echo hi'",
    "kubectl delete -f labs/x/manifests/a.yaml",
    "kubectl delete pod/two",
  ]);
});

test("follows the lab's own functions, lists and settings", async () => {
  const before = `
    const client = from("deployment/web");
    const ping = (version: string) => client.get(\`http://logic:8080/?rate=\${vars.rate}\`, { headers: { version } });`;
  expect(
    await commands(
      `for (const one of ["1", "2"]) await expect(ping(one)).toReachOnly("v" + one);`,
      before,
    ),
  ).toEqual([
    "kubectl exec deployment/web -- node /apps/main.ts ask -n 5 -H 'version: 1' 'http://logic:8080/?rate=50'",
    "kubectl exec deployment/web -- node /apps/main.ts ask -n 5 -H 'version: 2' 'http://logic:8080/?rate=50'",
  ]);
});

test("names what only a run can know, and misses no call for it", async () => {
  expect(
    await commands(`
      const [pod] = await kube.pods("deployment/web");
      if (pod?.metadata?.name) await kube.delete(\`pod/\${pod.metadata.name}\`);
      else await kube.restart("deployment/web");`),
  ).toEqual([
    "kubectl get pods -l app=web -o wide",
    "kubectl delete pod/<pod>",
    "kubectl rollout restart deployment/web",
  ]);
});

test("a choice from a list that only a run can make stays open", async () => {
  const actions = await trace(`
    const [pod] = await kube.pods("deployment/web");
    const own = ["a", "b"].filter((one) => one === pod.metadata.name);
    const first = ["a", "b"].filter((one) => one === "a");
    expect("x", "its letters").toEqual(own);
    expect("x", "the first").toEqual(first);`);
  const checks = actions.filter((action) => action.type === "check");
  expect(checks.map((check) => describeCheck(check, "en"))).toEqual([
    "its letters equals `own`",
    "the first equals `[ 'a' ]`",
  ]);
});

test("requests whose number matters are all made by hand too", async () => {
  const address = 'sed \'s/.*"80":"\\([^"]*\\)".*/\\1/\')';
  const typed = await commands(`
    await expect(from("deployment/web").get("http://logic/")).toAnswer({ status: 200 }, { times: 300 });
    await expect(from(outside).get("http://logic/")).toCountUp({ in: /x/, times: 100 });`);
  expect(typed[0]).toContain("ask -n 300 ");
  expect(typed[1]).toContain(address);
  expect(typed[2]).toBe('for i in $(seq 100); do curl -s "http://$ADDRESS/"; done');
});

test("tells what is done while a load runs", async () => {
  const [load, check] = await trace(
    `await expect(load(from("deployment/web").get("http://logic/"), { perSecond: 20 }).during(async () => {
      await kube.scale("deployment/logic", 1);
    })).toLoseNothing();`,
  );
  expect(load).toMatchObject({ type: "load", during: [{ type: "kube", verb: "scale" }] });
  if (check?.type !== "check") throw new Error("no check");
  expect(describeCheck(check, "en")).toMatch(
    /20 requests a second: not one request fails.*every 50 ms/,
  );
});

test("tells a check with the error that its verdict states", async () => {
  const [split, value] = await trace(`
    await expect(from(outside).get("http://logic/")).toSplit({ v1: 9, v2: 1 }, { tolerance: 3 });
    await eventually(async () => expect(await kube.logs("pod/x"), "the log").not.toContain("boom"));`).then(
    (actions) => actions.filter((action) => action.type === "check"),
  );
  expect(split && describeCheck(split, "en")).toMatch(/v1 90 %, v2 10 %.*10⁻⁶.*off by 3 points/);
  expect(value && describeCheck(value, "en")).toBe("the log does not contain `boom`");
  expect(value && describeCheck(value, "zh")).toBe("the log 不包含 `boom`");
});

test("refuses a verb that it has no command for, instead of leaving it out", async () => {
  await expect(commands(`await kube.conjure("deployment/web");`)).rejects.toThrow("kube.conjure");
});

test("keeps what one step learns for the next, as the file's own names", async () => {
  const before = `let first = ""; let other = "";`;
  expect(
    await commands(
      `[first = "", other = ""] = (await kube.pods("deployment/web")).map((pod) => pod.metadata.name);
       await kube.logs(\`pod/\${other}\`);`,
      before,
    ),
  ).toEqual(["kubectl get pods -l app=web -o wide", "kubectl logs pod/<other>"]);
});
