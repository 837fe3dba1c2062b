import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Kubectl by version ("1.27"), beside the one on the PATH, as some machines have it; undefined where there is none. */
export function findKubectl(version: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const plain = join(folder, "kubectl");
    if (!existsSync(plain)) continue;
    const versioned = join(dirname(realpathSync(plain)), `kubectl.${version}`);
    if (existsSync(versioned)) return versioned;
  }
  return undefined;
}
