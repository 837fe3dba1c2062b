import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { embeddedCluster } from "../clusters/embedded.ts";
import type { StartedCluster } from "../clusters/cluster.ts";
import { loadLab } from "../lab/find-labs.ts";
import { labPage } from "./lab-page.ts";

const root = join(import.meta.dirname, "../..");

describe.skipIf(!hasKubectl())(
  "the commands of a page, typed into a shell",
  { timeout: 120_000 },
  () => {
    let cluster: StartedCluster;
    let home: string;

    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), "kubelab-by-hand-"));
      cluster = await embeddedCluster().start({ signal: AbortSignal.timeout(60_000) });
    });
    afterAll(async () => {
      await cluster?.stop();
      rmSync(home, { recursive: true, force: true });
    });

    test.concurrent("deploy-app: the pod runs, answers pong, and logs one ping for each call", async ({
      expect,
    }) => {
      const [deployed, called, read] = await type("deploy-app");
      expect(deployed).toMatch(/k8s-combat-\S+ +1\/1 +Running/);
      expect(called?.match(/^200 {2}combat\/v1\/k8s-combat-\S+ {2}\d+ ms {2}pong$/gm)).toHaveLength(
        5,
      );
      expect(read?.match(/ ping$/gm)).toHaveLength(5);
    });

    test.concurrent("service-round-robin: new connections reach both pods, a kept one stays on one", async ({
      expect,
    }) => {
      const [one, two, spread, kept] = await type("service-round-robin");
      expect(one).toMatch(/^200 .* pong$/m);
      expect(two).toMatch(/10\.244\.\d+\.\d+,10\.244\.\d+\.\d+/);
      expect(spread?.match(/^\d+ × combat\/v1\//gm)).toHaveLength(2);
      expect(kept?.match(/^\d+ × combat\/v1\//gm)).toEqual(["10 × combat/v1/"]);
    });

    test.concurrent("service-types: access answers at the node's port, and logic has none", async ({
      expect,
    }) => {
      const [, , asked, logic] = await type("service-types");
      expect(asked).toMatch(/^HTTP\/1.1 200 OK/m);
      expect(asked).toMatch(/asked http:\/\/logic:8080\/: logic v1 on logic-/);
      expect(logic).toMatch(/^logic +ClusterIP /m);
      expect(logic).not.toContain("nodePort");
    });

    test.concurrent("service-discovery: the full name is known everywhere, the variable only to younger pods", async ({
      expect,
    }) => {
      const [, short, far, environment, later, replaced] = await type("service-discovery");
      expect(short).toMatch(/^200 .* 200 OK$/m);
      expect(far).toMatch(/^200 .* 200 OK$/m);
      expect(far).toMatch(/^dns /m);
      expect(environment).toMatch(/^K8S_COMBAT_SERVICE_SERVICE_HOST=/m);
      expect(later).toMatch(/^200 .* 200 OK$/m);
      expect(later).not.toContain("K8S_APP_MONITOR_TEST");
      expect(replaced).toMatch(/^K8S_APP_MONITOR_TEST_SERVICE_HOST=/m);
    });

    test.concurrent("configmap-env: the app has the old value until it is restarted", async ({
      expect,
    }) => {
      const [, started, changed, restarted] = await type("configmap-env");
      expect(started).toMatch(/^200 .*localhost:5432/m);
      expect(changed).toContain("localhost:5433");
      expect(changed).toMatch(/^200 .*localhost:5432/m);
      expect(restarted).toMatch(/^200 .*localhost:5433/m);
    });

    test.concurrent("secret-env: the value is in the container and in nothing that everybody reads", async ({
      expect,
    }) => {
      const [, given, described, elsewhere] = await type("secret-env");
      expect(given).toMatch(/^abc$/m);
      expect(described).toMatch(/^PWD: +4 bytes$/m);
      expect(elsewhere).toMatch(/^200 .*k8s-combat-/m);
      expect(elsewhere).not.toMatch(/\babc\b|YWJj/);
    });

    test.concurrent("grpc-connection-pinning: many connections reach both pods, one stays", async ({
      expect,
    }) => {
      const [, many, one] = await type("grpc-connection-pinning");
      expect(many?.match(/^\d+ × combat\/v1\//gm)).toHaveLength(2);
      expect(one?.match(/^\d+ × combat\/v1\//gm)).toEqual(["10 × combat/v1/"]);
    });

    /** Types what a page says, a step at a time; gives what each step printed. */
    async function type(name: string): Promise<readonly string[]> {
      const page = await labPage(await loadLab(name), "en");
      const [before = "", ...steps] = page.split(/^## Step /m);
      // `set-context` writes to the kubeconfig: each page has a copy.
      const kubeConfig = join(home, name);
      copyFileSync(cluster.kubeConfigPath, kubeConfig);
      const begin = commandsOf(before).filter((command) => command.startsWith("kubectl "));
      await shell(kubeConfig, begin);
      const outputs: string[] = [];
      // A variable of one step is there in the next, as in a terminal.
      const said: string[] = [];
      for (const step of steps) {
        const commands = commandsOf(step.split(/^## /m)[0] ?? "");
        outputs.push(await shell(kubeConfig, [...said, ...commands]));
        said.push(...commands.filter((command) => /^[A-Z]+=/.test(command)));
      }
      return outputs;
    }

    function shell(kubeConfig: string, commands: readonly string[]): Promise<string> {
      const env = { ...process.env, HOME: home, KUBECONFIG: kubeConfig };
      return new Promise((resolve, reject) => {
        const options = { cwd: root, env, timeout: 60_000 };
        // Kubernetes: nodes hear of new endpoints up to a second late (kube-proxy's minSyncPeriod).
        const typed = commands.map((one) =>
          / rollout status /.test(one) ? `${one}\nsleep 1.2` : one,
        );
        const script = typed.join("\n");
        execFile("sh", ["-ec", script], options, (error, stdout, stderr) => {
          if (error)
            reject(new Error(`${commands.join("\n")}\n${stdout}${stderr}`, { cause: error }));
          else resolve(stdout);
        });
      });
    }
  },
);

function commandsOf(markdown: string): readonly string[] {
  const blocks = markdown.matchAll(/^```sh\n([^]*?)\n```$/gm);
  return [...blocks].flatMap(([, text = ""]) => text.split("\n"));
}

function hasKubectl(): boolean {
  try {
    execFileSync("sh", ["-c", "kubectl version --client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
