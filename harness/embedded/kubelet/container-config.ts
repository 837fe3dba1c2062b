import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Container } from "kubernetes-types/core/v1";
import type { PodSandbox } from "../pod-network.ts";
import { hostPath } from "./command.ts";
import { buildEnvironment } from "./environment.ts";
import type { PodFacts } from "./field-refs.ts";
import { FileView, type Mount } from "./file-view.ts";
import type { Image } from "./images/image-store.ts";
import { writeLaunchers } from "./images/launchers.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { makeMountPoints } from "./mount-points.ts";
import type { PodVolumes } from "./pod-volumes.ts";
import { serviceVariables } from "./service-variables.ts";
import { expandVariables } from "./variable-expansion.ts";

/** Everything that a container's processes are started with, the exec'd ones included. */
export interface ContainerConfig {
  readonly image: Image;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly view: FileView;
  readonly terminationLog: string;
}

export interface ConfigInput {
  readonly container: Container;
  readonly image: Image;
  readonly facts: PodFacts;
  readonly sandbox: PodSandbox;
  readonly hostFiles: readonly Mount[];
  readonly volumes: PodVolumes;
  /** The run's own folder. */
  readonly folder: string;
}

const initProcess = fileURLToPath(new URL("init-process.cjs", import.meta.url));
/** A small young generation: under load a process grows by a few megabytes and not by forty. */
const nodeFlags = "--max-semi-space-size=4";

/** Reads what the container's spec refers to. Throws a ContainerConfigError. */
export async function configure(
  input: ConfigInput,
  context: KubeletContext,
): Promise<ContainerConfig> {
  const { container, image, facts, volumes, folder } = input;
  const { namespace = "" } = facts.pod.metadata ?? {};
  const links = facts.pod.spec?.enableServiceLinks ?? true;
  const services = serviceVariables(context.services(), namespace, links);
  const declared = await buildEnvironment(container, facts, context.sources, services);
  const terminationLog = join(folder, "termination-log");
  const root = join(folder, "root");
  for (const path of ["tmp", "etc", "root"]) mkdirSync(join(root, path), { recursive: true });
  writeFileSync(terminationLog, "");
  const mounted = await volumes.mountsOf(container, facts, join(folder, "subpaths"), declared);
  const copied = copyContent(image, root, mounted);
  await makeMountPoints(root, [...input.hostFiles, ...mounted], mounted);
  const view = new FileView(
    root,
    [
      ...(image.config.root
        ? [{ containerPath: image.config.root, hostPath: image.folder, readOnly: true }]
        : []),
      ...input.hostFiles,
      {
        containerPath: container.terminationMessagePath ?? "/dev/termination-log",
        hostPath: terminationLog,
        readOnly: false,
      },
      ...copied,
      ...mounted,
    ],
    [context.stateDir],
  );
  const cwd = view.toHost(container.workingDir ?? image.config.workingDir ?? "/");
  mkdirSync(cwd, { recursive: true });
  const expand = (word: string): string => expandVariables(word, (name) => declared[name]);
  return {
    image,
    command: (container.command ?? []).map(expand),
    args: (container.args ?? []).map(expand),
    env: processEnvironment(input, declared, view, context),
    cwd,
    view,
    terminationLog,
  };
}

/** Gives the container its own copy of what it may change of its image, but for what a volume covers. */
function copyContent({ config, folder }: Image, root: string, volumes: readonly Mount[]): Mount[] {
  const covered = new Set(volumes.map(({ containerPath }) => containerPath));
  const places = (config.content ?? []).map((name) => ({
    source: join(folder, name),
    containerPath: `${config.root ?? ""}/${name}`,
  }));
  return places
    .filter(({ containerPath }) => !covered.has(containerPath))
    .map(({ source, containerPath }) => {
      const copy = join(root, containerPath);
      cpSync(source, copy, { recursive: true });
      return { containerPath, hostPath: copy, readOnly: false };
    });
}

function processEnvironment(
  { image, sandbox }: ConfigInput,
  declared: Readonly<Record<string, string>>,
  view: FileView,
  { network, stateDir }: KubeletContext,
): Record<string, string> {
  const proxy = image.config.proxy ?? false;
  const { NODE_OPTIONS: networkOptions = "", ...networkEnv } = network.environment(sandbox, {
    proxy,
  });
  const path = [
    writeLaunchers(image, stateDir),
    declared["PATH"] ?? image.env["PATH"] ?? "",
    ...hostPath(),
  ];
  return {
    ...machineEnvironment(),
    HOME: "/",
    TMPDIR: view.toHost("/tmp"),
    ...image.env,
    HOSTNAME: sandbox.hostname,
    ...declared,
    PATH: path.filter((folder) => folder !== "").join(delimiter),
    ...networkEnv,
    NODE_OPTIONS: [
      nodeFlags,
      `--require ${quote(initProcess)}`,
      networkOptions,
      declared["NODE_OPTIONS"] ?? "",
    ]
      .join(" ")
      .trim(),
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(stateDir, "compile-cache"),
    KUBELAB_POD_IP: sandbox.ip,
    KUBELAB_MOUNTS: view.toVariable(),
  };
}

/** Windows programs do not start without these. */
function machineEnvironment(): Record<string, string> {
  const names = process.platform === "win32" ? ["SystemRoot", "PATHEXT", "ComSpec"] : [];
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]));
}

/** As NODE_OPTIONS reads words: in double quotes, with backslashes doubled. */
function quote(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
