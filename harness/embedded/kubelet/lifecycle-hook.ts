import { request } from "node:http";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { HTTPGetAction, Pod } from "kubernetes-types/core/v1";
import { runCommand } from "./container-command.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { podReference } from "./pod-model.ts";
import { portOf } from "./probe-action.ts";
import { bootRetryMs, postStartAllowanceMs } from "./boot-allowance.ts";

/** The container whose hook runs, and how to end the hook. */
export interface HookTarget {
  readonly pod: Pod;
  readonly instance: ContainerInstance;
  readonly ip: string;
  readonly context: KubeletContext;
  readonly signal: AbortSignal;
}

/** Runs the container's hook, if it has one. Rejects, in the kubelet's words, where it fails or the signal aborts. */
export async function runHook(kind: "postStart" | "preStop", target: HookTarget): Promise<void> {
  const { pod, instance, context, signal } = target;
  const { exec, httpGet, sleep } = instance.container.lifecycle?.[kind] ?? {};
  const failed = (hook: string, why: string): Error =>
    new Error(
      `${hook} for Container "${instance.container.name}" in Pod "${podReference(pod)}" failed - error: ${why}`,
    );
  if (sleep) await context.clock.sleep(sleep.seconds * 1000, signal);
  if (exec) {
    const command = exec.command ?? [];
    const hook = `Exec lifecycle hook ([${command.join(" ")}])`;
    const { code, output, errors } = await runCommand(
      instance,
      command,
      context.stateDir,
      signal,
    ).catch((error: unknown) => {
      throw failed(hook, `${textOf(error)}, message: ""`);
    });
    const quoted = JSON.stringify(output);
    if (code !== 0)
      throw failed(
        hook,
        `command '${command.join(" ")}' exited with ${code}: ${errors}, message: ${quoted}`,
      );
  }
  if (httpGet)
    await get(httpGet, target, kind).catch((error: unknown) => {
      throw failed(`HTTP lifecycle hook (${httpGet.path ?? ""})`, textOf(error));
    });
}

/** Kubernetes: any answer will do; only one that does not come is a failure. */
async function get(
  action: HTTPGetAction,
  target: HookTarget,
  kind: "postStart" | "preStop",
): Promise<void> {
  const { instance, ip, signal } = target;
  const port = portOf(action.port, instance.container);
  const raw = await connect(target, port, kind);
  const isSecure = action.scheme === "HTTPS";
  const socket = isSecure ? tlsConnect({ socket: raw, rejectUnauthorized: false }) : raw;
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const headers: Record<string, string> = {
    Host: `${ip}:${port}`,
    "User-Agent": "kube-lifecycle/1.36",
    Accept: "*/*",
    Connection: "close",
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  try {
    await new Promise<void>((resolve, reject) => {
      const asked = request(
        { path, headers, createConnection: () => socket, signal },
        (response) => {
          response.on("error", () => {}).resume();
          resolve();
        },
      );
      asked.on("error", reject).end();
    });
  } finally {
    socket.destroy();
    raw.destroy();
  }
}

/** A postStart waits for a program that still boots, as a first probe does. */
async function connect(
  { instance, ip, context, signal }: HookTarget,
  port: number,
  kind: "postStart" | "preStop",
): Promise<Socket> {
  const { network, clock } = context;
  const isBooting = (): boolean =>
    kind === "postStart" &&
    instance.isRunning &&
    clock.now() - instance.startedAtMs < postStartAllowanceMs;
  for (;;) {
    try {
      return await network.connect(ip, port, { timeoutMs: 30_000 });
    } catch (error) {
      const refused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (!refused || !isBooting()) throw error;
      await clock.sleep(bootRetryMs, signal);
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
