import { expect, test } from "vitest";
import { chooseCluster } from "./choose.ts";

const { signal } = new AbortController();

test.each([
  [{ kind: "embedded" }, "embedded", "embedded, as asked"],
  [{ kind: "k3s" }, "k3s", "k3s, as asked"],
  [{ context: "kind-lab" }, "kubeconfig", "the context kind-lab, as asked"],
])("%j is what was asked for", async (options, kind, why) => {
  expect(await chooseCluster(options, signal)).toMatchObject({ kind, why });
});

test("a kind that there is not is told with those that there are", async () => {
  await expect(chooseCluster({ kind: "minikube" }, signal)).rejects.toMatchObject({
    code: "LAB_USAGE",
    message: "--cluster minikube: expected one of auto, embedded, k3s, kubeconfig",
  });
});
