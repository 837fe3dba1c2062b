import { request } from "node:http";
import { connect as tlsConnect } from "node:tls";
import type { Container, LifecycleHandler } from "kubernetes-types/core/v1";
import { runCommand } from "./container-command.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { portOf } from "./probe-action.ts";

/** Runs a postStart or preStop action. Rejects where it fails or the signal aborts. */
export async function runHook(
  hook: LifecycleHandler,
  instance: ContainerInstance,
  ip: string,
  context: KubeletContext,
  signal: AbortSignal,
): Promise<void> {
  const { exec, httpGet, sleep } = hook;
  if (sleep) await context.clock.sleep(sleep.seconds * 1000, signal);
  if (exec) {
    const command = exec.command ?? [];
    const { code, output } = await runCommand(instance, command, context.stateDir, signal);
    if (code !== 0)
      throw new Error(`command '${command.join(" ")}' exited with ${code}: ${output}`);
  }
  if (httpGet) await get(httpGet, instance.container, ip, context, signal);
}

async function get(
  action: NonNullable<LifecycleHandler["httpGet"]>,
  container: Container,
  ip: string,
  { network }: KubeletContext,
  signal: AbortSignal,
): Promise<void> {
  const port = portOf(action.port, container);
  const raw = await network.connect(ip, port, { timeoutMs: 30_000 });
  const isSecure = action.scheme === "HTTPS";
  const socket = isSecure ? tlsConnect({ socket: raw, rejectUnauthorized: false }) : raw;
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const headers: Record<string, string> = {
    Host: `${ip}:${port}`,
    Connection: "close",
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  try {
    await new Promise<void>((resolve, reject) => {
      const asked = request(
        { path, headers, createConnection: () => socket, signal },
        (response) => {
          response.on("error", () => {}).resume();
          if ((response.statusCode ?? 500) < 400) resolve();
          else reject(new Error(`HTTP hook answered ${response.statusCode}`));
        },
      );
      asked.on("error", reject).end();
    });
  } finally {
    socket.destroy();
    raw.destroy();
  }
}
