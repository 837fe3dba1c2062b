import { $ } from "zx";
import { ok, warn, type Check, type Finding } from "./check.ts";

/** kubectl is for the reader; the labs run without it. */
export const kubectlCheck: Check = { name: "kubectl", neededBy: "by hand", look: kubectl };

async function kubectl(): Promise<Finding> {
  const asked = await $({ nothrow: true, quiet: true })`kubectl version --client -o json`;
  if (asked.exitCode !== 0)
    return warn("not found", "install it to do the steps by hand; the labs do not need it");
  const { clientVersion } = JSON.parse(asked.stdout) as { clientVersion: { gitVersion: string } };
  return ok(clientVersion.gitVersion);
}
