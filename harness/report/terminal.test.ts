import { expect, test } from "vitest";
import { SteppedClock } from "../time/stepped-clock.ts";
import type { LabEvent, LiveTraffic } from "./events.ts";
import type { CheckRecord } from "./record.ts";
import { createTerminal, type Screen, type TerminalOptions } from "./terminal.ts";

function show(
  events: readonly LabEvent[],
  screen: Partial<Screen> = {},
  options: Partial<TerminalOptions> = {},
) {
  let text = "";
  const collector = { write: (part: string) => (text += part), columns: 100, rows: 30, ...screen };
  const terminal = createTerminal({
    screen: collector,
    language: "en",
    colours: false,
    ...options,
  });
  for (const event of events) terminal(event);
  return text;
}

const traffic: LiveTraffic = {
  checkId: "2.1",
  title: "deployment/access → GET http://logic:8080/ to split v1 90, v2 10",
  requests: 1312,
  elapsedMs: 4_000,
  shares: [
    { name: "v1", count: 1181, share: 0.9, interval: [0.85, 0.93] },
    { name: "v2", count: 131, share: 0.1, interval: [0.07, 0.15] },
  ],
  errors: 3,
};
const check: CheckRecord = {
  id: "2.1",
  matcher: "toSplit",
  title: traffic.title,
  kind: "split",
  outcome: "pass",
  summary: "v1 90.0 % v2 10.0 % of 1,312 requests · wanted 90/10 ± 5 · PASS (error ≤ 1e-6)",
  requests: 1312,
  durationMs: 4_000,
  evidence: {},
  underRule: true,
  gate: { marker: "new rule in force", requests: 4, durationMs: 120, seen: { v1: 4 } },
};
const story: readonly LabEvent[] = [
  { type: "lab-start", lab: "istio-canary", namespace: "kubelab-istio-canary-x1y2", steps: 2 },
  {
    type: "step-start",
    lab: "istio-canary",
    number: 2,
    title: { en: "Send one request in ten to v2", zh: "把十分之一的请求发给 v2" },
    why: {
      en: "A new version meets real traffic a little at a time.",
      zh: "新版本逐步接受真实流量。",
    },
  },
  {
    type: "command",
    lab: "istio-canary",
    command: "kubectl apply -f weights.yaml",
    manifest: "kind: VirtualService\n",
  },
  { type: "traffic", lab: "istio-canary", traffic },
  { type: "check", lab: "istio-canary", check },
];

test("without a terminal a run is plain lines: title, why, command, manifest, verdict", () => {
  expect(show(story)).toBe(`istio-canary · 2 steps · namespace kubelab-istio-canary-x1y2

2. Send one request in ten to v2
   A new version meets real traffic a little at a time.
   $ kubectl apply -f weights.yaml
     │ kind: VirtualService
   ✓ deployment/access → GET http://logic:8080/ to split v1 90, v2 10
     v1 90.0 % v2 10.0 % of 1,312 requests · wanted 90/10 ± 5 · PASS (error ≤ 1e-6) · new rule in force after 120 ms
`);
});

test("speaks Chinese when asked to", () => {
  const text = show(story, {}, { language: "zh" });
  expect(text).toContain("2. 把十分之一的请求发给 v2");
  expect(text).toContain("新版本逐步接受真实流量。");
});

test("on a terminal traffic is drawn with a bar, a share and an interval for each responder", () => {
  const text = show(story, { isTTY: true });
  expect(text).toMatch(/v1 {3}█+▓+▒*·* {2,3}90\.0 % 85\.0 %–93\.0 %/);
  expect(text).toMatch(/1,312 requests · 328\/s · 4\.0 s · 3 errors/);
});

test("what is drawn again takes the place of what was drawn before", () => {
  const text = show([...story.slice(0, 4), ...story.slice(3)], { isTTY: true });
  expect(text).toContain("\u001B[4A\u001B[J");
});

test("colours are left out unless asked for, and cursor movements where there is no terminal", () => {
  expect(show(story)).not.toContain("\u001B");
  expect(show(story, {}, { colours: true })).toContain("\u001B[1m");
});

function progress(text: string): LabEvent {
  return { type: "progress", lab: "l", text };
}

test("long waits without a terminal say what they wait for, at most every two seconds", () => {
  const clock = new SteppedClock(10_000);
  expect(show([progress("a"), progress("b")], {}, { clock })).toBe("   … a\n");
});

test("a failed step shows its error, what to do, and the evidence", () => {
  const text = show([
    {
      type: "step-end",
      lab: "l",
      step: {
        number: 1,
        title: "Deploy",
        outcome: "failed",
        durationMs: 5,
        checks: [],
        error: {
          code: "LAB_ROLLOUT_FAILED",
          message: "Deployment l/web: 0 of 1",
          advice: "Correct it.",
          exitCode: 1,
        },
        evidence: [
          {
            object: "Pod l/web-1",
            conditions: ["Ready=False"],
            events: ["Warning Failed: no such image"],
            logs: { app: ["last words"] },
          },
        ],
      },
    },
  ]);
  expect(text).toBe(`   Deployment l/web: 0 of 1
   → Correct it.  [LAB_ROLLOUT_FAILED]
   Pod l/web-1
     Ready=False
     Warning Failed: no such image
     log of app:
       last words
`);
});
