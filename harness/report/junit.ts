import type { LabRecord, RunRecord, StepRecord } from "./record.ts";
import { inLanguage } from "./text.ts";

/** A run as JUnit XML: a lab is a suite, a step is a test case, verdicts are its output. */
export function toJUnit(run: RunRecord): string {
  const suites = run.labs.map(toSuite).join("\n");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="kubelab" time="${seconds(run.durationMs)}">\n${suites}\n</testsuites>\n`;
}

function toSuite(lab: LabRecord): string {
  const cases = lab.steps.map((step) => toCase(lab, step));
  // A lab that never came to its steps is still one result that must be seen.
  if (lab.steps.length === 0 || lab.error) cases.push(toLabCase(lab));
  const failures = cases.filter((text) => text.includes("<failure")).length;
  const skipped = cases.filter((text) => text.includes("<skipped")).length;
  return [
    `  <testsuite name="${escape(lab.lab)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}" time="${seconds(lab.durationMs)}">`,
    ...cases,
    "  </testsuite>",
  ].join("\n");
}

function toCase(lab: LabRecord, step: StepRecord): string {
  const verdicts = step.checks.map((check) => `${check.title}\n  ${check.summary}`).join("\n");
  const parts = [
    step.error ? failure(step.error.message, step.error.code) : "",
    step.outcome === "skipped" ? "      <skipped/>" : "",
    verdicts ? `      <system-out>${escape(verdicts)}</system-out>` : "",
  ].filter(Boolean);
  return element(
    lab.lab,
    `${step.number}. ${inLanguage(step.title, "en")}`,
    step.durationMs,
    parts,
  );
}

function toLabCase(lab: LabRecord): string {
  if (lab.error)
    return element(lab.lab, "the lab", 0, [failure(lab.error.message, lab.error.code)]);
  const reason = `      <skipped message="${escape(lab.reason ?? lab.outcome)}"/>`;
  return element(lab.lab, "the lab", 0, [reason]);
}

function element(suite: string, name: string, ms: number, parts: readonly string[]): string {
  const open = `    <testcase classname="${escape(suite)}" name="${escape(name)}" time="${seconds(ms)}"`;
  return parts.length === 0 ? `${open}/>` : `${open}>\n${parts.join("\n")}\n    </testcase>`;
}

function failure(message: string, code: string): string {
  return `      <failure type="${escape(code)}" message="${escape(message)}"/>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

function escape(text: string): string {
  // XML 1.0 has no place for other control characters.
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"\n]/g, (character) => entities[character] ?? character);
}
