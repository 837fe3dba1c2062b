import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { spawnEmbeddedCluster, uniqueClusterName } from "../index.ts";
import { findKubectl } from "../find-kubectl.fixture.ts";
import { KubectlSession, kubectlScenes } from "./kubectl-scenes.ts";
import { plainDescriptions, plainLines } from "./kubectl-text.ts";

// The oldest and the newest that are tried; machines that lack them show the tests as skipped.
const kubectls = Object.fromEntries(
  ["1.27", "1.33"].flatMap((version) => {
    const program = findKubectl(version);
    return program === undefined ? [] : [[version, program]];
  }),
);
const versions = Object.keys(kubectls);
const newest = versions.at(-1) ?? "";

async function golden(file: string): Promise<string> {
  const url = new URL(`../../../fixtures/golden/kubectl/${file}.txt`, import.meta.url);
  return readFile(url, "utf8");
}

describe.skipIf(versions.length === 0)(
  "kubectl prints what it printed on a real Kubernetes",
  () => {
    let session: KubectlSession;
    let home = "";
    let stop = (): Promise<void> => Promise.resolve();
    beforeAll(async () => {
      const { signal } = new AbortController();
      const cluster = await spawnEmbeddedCluster({ name: uniqueClusterName("kubectl"), signal });
      stop = () => cluster.stop();
      home = await mkdtemp(join(tmpdir(), "kubelab-kubectl-"));
      const { kubeConfigPath } = cluster.folder;
      session = new KubectlSession(kubectls, { kubeConfigPath, home, clock: systemClock });
      await Promise.all(Object.values(kubectlScenes).map((scene) => scene(session)));
    }, 120_000);
    afterAll(async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    });

    const printed = (file: string, version: string): string => {
      const text = session.printed.get(`${file} ${version}`);
      if (text === undefined) throw new Error(`kubectl ${version} was not run for ${file}`);
      return text;
    };

    describe.each(versions)("kubectl %s", (version) => {
      test.each([
        "get-deployments",
        "get-deployments-wide",
        "get-replicasets",
        "get-replicasets-wide",
        "get-pods",
        "get-pods-wide",
        "get-services",
        "get-services-wide",
        "get-endpointslices",
        "get-endpointslices-wide",
        "get-cm-secret",
        "get-pods-badrollout",
        "get-pods-badimage",
        "get-pods-config-missing",
        "rollout-history",
        "logs-crash",
      ])("%s", async (file) => {
        const shown = plainLines(printed(file, version));
        // Names sort by their random ends.
        expect(shown.toSorted()).toEqual(plainLines(await golden(file)).toSorted());
      });

      test("describe-configmap", async () => {
        // An old kubectl shows the keys in any order.
        const shown = plainLines(printed("describe-configmap", version));
        expect(shown.toSorted()).toEqual(plainLines(await golden("describe-configmap")).toSorted());
      });

      test.each([
        "describe-deployment",
        "describe-deployment-badrollout",
        "describe-pods",
        "describe-pods-badimage",
        "describe-pod-liveness",
        "describe-pod-crash",
        "describe-pod-config-missing",
        "describe-service",
        "describe-secret",
      ])("%s", async (file) => {
        // The recording waited for one restart more.
        const recorded = (await golden(file)).replace("Restart Count:  3", "Restart Count:  2");
        const described = plainDescriptions(printed(file, version));
        expect(described.map(withoutScalings)).toEqual(
          plainDescriptions(recorded).map(withoutScalings),
        );
      });
    });

    test.each([
      "apply-created",
      "wait",
      "scale",
      "set-env",
      "rollout-undo",
      "rollout-restart",
      "delete-ns",
    ])("%s", async (file) => {
      expect(plainLines(printed(file, newest))).toEqual(plainLines(await golden(file)));
    });

    test.each(["rollout-status-create", "rollout-status-update", "rollout-status-deadline"])(
      "%s tells of no step that was not recorded, and ends the same",
      async (file) => {
        const [shown, recorded] = [
          plainLines(printed(file, newest)),
          plainLines(await golden(file)),
        ];
        const steps = new Set(recorded.map(withoutNumbers));
        expect(shown.map(withoutNumbers).filter((line) => !steps.has(line))).toEqual([]);
        expect(shown.at(-1)).toBe(recorded.at(-1));
      },
    );

    test("a revision that is gone cannot be gone back to", () => {
      expect(printed("undo-gone", newest)).toBe(
        "error: unable to find specified revision 9 in history\nexit 1\n",
      );
    });
  },
);

/** Which of many similar events were combined is up to chance. */
function withoutScalings(description: string): string {
  const lines = description.split("\n");
  return lines.filter((line) => !line.includes("ScalingReplicaSet")).join("\n");
}

function withoutNumbers(line: string): string {
  return line.replaceAll(/\b\d+\b/g, "N");
}
