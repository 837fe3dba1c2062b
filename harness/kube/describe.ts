import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";

export interface DescribeOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What `kubectl describe` prints: kubectl itself makes that text. Undefined on a machine without kubectl. */
export async function describeByKubectl(options: DescribeOptions): Promise<string | undefined> {
  const { kubeConfig, namespace, kind, name, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "kubelab-describe-"));
  try {
    const file = join(folder, "kubeconfig");
    await writeFile(file, kubeConfig.exportConfig(), { mode: 0o600 });
    const args = ["--kubeconfig", file, "--namespace", namespace, "describe", kind, name];
    const { stdout } = await promisify(execFile)("kubectl", args, { signal });
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    signal.throwIfAborted();
    const text = (error as { readonly stderr?: string }).stderr?.trim() ?? String(error);
    throw new LabError("LAB_STEP_FAILED", `kubectl describe ${kind}/${name}: ${text}`, {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
