import { readFile } from "node:fs/promises";
import { LabError } from "../../errors/lab-error.ts";
import { findEngine, type Engine } from "../docker/engine.ts";
import { k3sImage } from "../docker/k3s-image.ts";
import { imageHere, mustBePullable } from "../docker/pull.ts";
import { no, ok, warn, type Check, type Finding } from "./check.ts";

const gibibyte = 1024 ** 3;

/** What k3s in a container needs; without an engine the rest cannot be looked at. */
export const engineChecks: readonly Check[] = [
  {
    name: "Docker engine",
    neededBy: "k3s",
    look: () => withEngine(async (engine) => ok(engine.name)),
  },
  {
    name: "cgroups",
    neededBy: "k3s",
    look: () => withEngine(async (engine) => cgroups(engine.cgroupVersion)),
  },
  {
    name: "engine memory",
    neededBy: "k3s",
    look: () => withEngine(async (engine) => engineMemory(engine.memoryBytes)),
  },
  {
    name: "k3s image",
    neededBy: "k3s",
    look: (signal) => withEngine((engine) => lookForImage(engine, signal)),
  },
  { name: "inotify", neededBy: "k3s", look: inotify },
];

async function withEngine(look: (engine: Engine) => Promise<Finding>): Promise<Finding> {
  try {
    return await look(await findEngine());
  } catch (error) {
    if (error instanceof LabError) return no(error.message, error.advice);
    throw error;
  }
}

/** What Kubernetes says of the engine's cgroups. */
export function cgroups(version: "1" | "2"): Finding {
  return version === "2"
    ? ok("v2")
    : warn(
        "v1",
        "it works (the labs tell the kubelet to accept it), but Kubernetes is about to drop it",
      );
}

/** What the engine may use: on Docker Desktop less than the machine has. */
export function engineMemory(bytes: number): Finding {
  const found = `${(bytes / gibibyte).toFixed(1)} GiB`;
  return bytes >= 3.5 * gibibyte
    ? ok(found)
    : warn(found, "give the engine 4 GiB: Istio's labs need it");
}

async function lookForImage(engine: Engine, signal: AbortSignal): Promise<Finding> {
  const image = k3sImage();
  if ((await imageHere(engine, image)) !== undefined) return ok(`${image} is here`);
  await mustBePullable(engine, image, signal);
  return warn(`${image} is not here yet`, `docker pull ${image}, or the first run on k3s pulls it`);
}

async function inotify(): Promise<Finding> {
  const text = await readFile("/proc/sys/fs/inotify/max_user_instances", "utf8").catch(
    () => undefined,
  );
  return inotifyInstances(text === undefined ? undefined : Number(text));
}

/** k3s and what runs in it watch many files (k3s-io/k3s#10020). */
export function inotifyInstances(instances: number | undefined): Finding {
  if (instances === undefined) return ok("not limited on this platform");
  return instances >= 512
    ? ok(`${instances} instances`)
    : warn(`${instances} instances`, "sudo sysctl fs.inotify.max_user_instances=512");
}
