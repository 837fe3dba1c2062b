import type { Container } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { shell, startTestNode } from "./node.fixture.ts";

test("a container's last words come from its message file, or its log where it asks for that", async () => {
  await using node = await startTestNode({ relistMs: 100 });
  const cases: readonly (readonly [string, string, Partial<Container>, string | undefined])[] = [
    ["file", "echo noise; printf why > /dev/termination-log; exit 3", {}, "why"],
    ["path", "printf why > /tmp/last; exit 3", { terminationMessagePath: "/tmp/last" }, "why"],
    ["success", "printf done > /dev/termination-log", {}, "done"],
    ["silent", "echo noise; exit 3", {}, undefined],
    [
      "fallback",
      "echo one; echo two >&2; exit 3",
      { terminationMessagePolicy: "FallbackToLogsOnError" },
      "one\ntwo\n",
    ],
    [
      "both",
      "echo noise; printf why > /dev/termination-log; exit 3",
      { terminationMessagePolicy: "FallbackToLogsOnError" },
      "why",
    ],
    ["no-error", "echo noise", { terminationMessagePolicy: "FallbackToLogsOnError" }, undefined],
    [
      "many-lines",
      "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo $i; done; exit 3",
      { terminationMessagePolicy: "FallbackToLogsOnError" },
      `${Array.from({ length: 80 }, (_, index) => index + 21).join("\n")}\n`,
    ],
    [
      "long",
      "head -c 5000 /dev/zero | tr '\\0' x > /dev/termination-log; exit 3",
      {},
      "x".repeat(4096),
    ],
  ];
  for (const [name, script, more] of cases)
    await node.create(name, { restartPolicy: "Never", containers: [shell(script, more)] });
  for (const [name, , , message] of cases) {
    const { status } = await node.until(
      name,
      ({ phase }) => phase === "Succeeded" || phase === "Failed",
    );
    expect([name, status?.containerStatuses?.[0]?.state?.terminated?.message]).toEqual([
      name,
      message,
    ]);
  }
});
