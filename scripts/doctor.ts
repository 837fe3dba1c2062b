import { styleText } from "node:util";
import type { Check, Finding } from "../harness/clusters/doctor/check.ts";
import { engineChecks } from "../harness/clusters/doctor/engine-checks.ts";
import { kubectlCheck } from "../harness/clusters/doctor/kubectl-check.ts";
import { machineChecks } from "../harness/clusters/doctor/machine-checks.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run doctor   looks at this machine and says, for each thing the labs need: ok, or what to do

Exit code 3 where the embedded cluster cannot run; what only k3s needs is told but does not fail.
  --help   this text`;

await runCommand(usage, async (signal) => {
  let blocked = false;
  for (const check of [...machineChecks, ...engineChecks, kubectlCheck]) {
    const finding = await check.look(signal);
    console.log(line(check, finding));
    if (finding.state === "no" && check.neededBy === "embedded") blocked = true;
  }
  if (blocked) process.exitCode = 3;
});

function line(check: Check, { state, found, advice }: Finding): string {
  const mark = {
    ok: styleText("green", "ok  "),
    warn: styleText("yellow", "mind"),
    no: styleText("red", "no  "),
  }[state];
  const told = `${mark} ${check.name.padEnd(14)} ${found}  (${check.neededBy})`;
  return advice === undefined ? told : `${told}\n       → ${advice}`;
}
