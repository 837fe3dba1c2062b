import { cp, mkdir, stat } from "node:fs/promises";
import { basename, join, normalize } from "node:path";
import type { Container, Volume, VolumeMount } from "kubernetes-types/core/v1";
import type { Clock } from "../../time/clock.ts";
import { writeAtomically } from "./atomic-directory.ts";
import { ContainerConfigError } from "./environment.ts";
import type { PodFacts } from "./field-refs.ts";
import type { Mount } from "./file-view.ts";
import { expandVariables } from "./variable-expansion.ts";
import { contentOf, VolumeError, type VolumeSources } from "./volume-content.ts";

/** A volume that could not be set up. */
export class MountFailure extends Error {
  constructor(volume: string, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`MountVolume.SetUp failed for volume "${volume}" : ${text}`, { cause });
  }
}

/** The volumes of one pod, in folders of its own. */
export class PodVolumes {
  readonly #folder: string;
  readonly #sources: VolumeSources;
  readonly #clock: Clock;

  constructor(folder: string, sources: VolumeSources, clock: Clock) {
    this.#folder = folder;
    this.#sources = sources;
    this.#clock = clock;
  }

  /** Makes the volumes, and brings those made of API objects up to date. Rejects with a MountFailure. */
  async setUp(facts: PodFacts): Promise<void> {
    for (const volume of facts.pod.spec?.volumes ?? []) {
      try {
        await this.#setUpOne(volume, facts);
      } catch (error) {
        throw new MountFailure(volume.name, error);
      }
    }
  }

  /** Where a container finds its volumes. `ownFolder` takes the copies that subPath mounts of API objects are. */
  async mountsOf(
    container: Container,
    facts: PodFacts,
    ownFolder: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = facts.pod.spec?.volumes?.find(({ name }) => name === mount.name);
      if (!volume) throw new ContainerConfigError(`no volume named ${mount.name}`);
      const hostPath = await this.#hostPathOf(volume, mount, ownFolder, variables);
      const readOnly = mount.readOnly === true || volume.emptyDir === undefined;
      mounts.push({ containerPath: mount.mountPath.replace(/(.)\/$/, "$1"), hostPath, readOnly });
    }
    return mounts;
  }

  async #setUpOne(volume: Volume, facts: PodFacts): Promise<void> {
    const folder = this.#folderOf(volume);
    if (volume.emptyDir) {
      await mkdir(folder, { recursive: true });
      return;
    }
    const files = await contentOf(volume, facts, this.#sources);
    if (!files) {
      const type = Object.keys(volume).find((key) => key !== "name") ?? "without a type";
      throw new VolumeError(`volumes of type ${type} are not supported by the embedded cluster`);
    }
    await writeAtomically(folder, files, this.#clock);
  }

  async #hostPathOf(
    volume: Volume,
    mount: VolumeMount,
    ownFolder: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<string> {
    const folder = this.#folderOf(volume);
    const subPath = mount.subPathExpr
      ? expandVariables(mount.subPathExpr, (name) => variables[name])
      : mount.subPath;
    if (!subPath) return folder;
    if (normalize(subPath).startsWith(".."))
      throw new ContainerConfigError(`subPath ${subPath} leaves the volume`);
    const source = join(folder, subPath);
    const exists = await stat(source)
      .then(() => true)
      .catch(() => false);
    if (volume.emptyDir || !exists) {
      // Kubernetes makes a folder where the subPath names nothing.
      const made = volume.emptyDir ? source : join(ownFolder, mount.name, subPath);
      if (!exists) await mkdir(made, { recursive: true });
      return made;
    }
    const copy = join(ownFolder, mount.name, basename(subPath));
    await cp(source, copy, { recursive: true, dereference: true });
    return copy;
  }

  #folderOf(volume: Volume): string {
    return join(this.#folder, volume.name);
  }
}
