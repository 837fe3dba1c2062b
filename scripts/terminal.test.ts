import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { Workbench } from "./testing/workbench.ts";

/** Whether a program is on the PATH. */
function has(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a lab in a terminal of so many columns, made by script(1), and returns all that was written to it. */
async function inTerminal(bench: Workbench, columns: number, env: Record<string, string>) {
  const lab = `"${process.execPath}" scripts/lab.ts service-round-robin --cluster embedded`;
  const command = `stty cols ${columns} rows 24; exec ${lab}`;
  const how = ["--quiet", "--return", "--command", command, "/dev/null"];
  const { code, output } = await bench.start("script", how, { env }).ended;
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
}

const escape = "\u001B";

test.runIf(process.platform === "linux" && has("script"))(
  "a terminal shows traffic as it flows, in colours, and wraps again afterwards",
  async () => {
    await using bench = new Workbench();
    const output = await inTerminal(bench, 60, { NO_COLOR: "", TERM: "xterm-256color" });
    expect(output).toContain("service-round-robin passed");
    expect(output).toContain(`${escape}[1m`);
    expect(output).toMatch(/\d+ requests · [\d,]+\/s/);
    // Sentences are broken between words, to fit.
    expect(output).toContain("   Every request opens a connection of its own, and each\r\n");
    expect(output.split(`${escape}[?7l`).length).toBe(output.split(`${escape}[?7h`).length);
  },
);

test.runIf(process.platform === "linux" && has("script"))(
  "NO_COLOR takes the colours away and leaves the drawing",
  async () => {
    await using bench = new Workbench();
    const output = await inTerminal(bench, 80, { NO_COLOR: "1", TERM: "xterm-256color" });
    expect(output.split(escape).filter((part) => /^\[[\d;]*m/.test(part))).toEqual([]);
    expect(output).toContain(`${escape}[?7l`);
  },
);

test.runIf(process.platform === "linux" && has("kubectl"))(
  "with --keep kubectl shows the lab's objects, and the printed command removes all",
  async () => {
    await using bench = new Workbench();
    const { code, output } = await bench.run(
      "scripts/lab.ts",
      "deploy-app",
      "--cluster",
      "embedded",
      "--keep",
    );
    expect(code).toBe(0);
    const KUBECONFIG = /export KUBECONFIG=(\S+)/.exec(output)?.[1] ?? "";
    const shown = /kubectl (get pods,deploy,svc -A)/.exec(output)?.[1] ?? "";
    const objects = await bench.start("kubectl", shown.split(" "), { env: { KUBECONFIG } }).ended;
    expect(objects.output).toMatch(/pod\/k8s-combat-\S+ +1\/1 +Running/);
    expect(objects.output).toMatch(/deployment.apps\/k8s-combat +1\/1 +1 +1/);
    expect(objects.output).toContain("service/kubernetes");

    const remove = /npm run cluster -- (.+)/.exec(output)?.[1] ?? "";
    expect((await bench.run("scripts/cluster.ts", ...remove.split(" "))).code).toBe(0);
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  },
);
