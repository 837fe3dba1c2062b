import type { CheckRecord, LabRecord, RunRecord, StepRecord } from "./record.ts";
import { inLanguage } from "./text.ts";

/** A run of labs as checks on somebody's cluster. */
export interface ConformanceReport extends RunRecord {
  readonly context: string;
  readonly kubelabVersion: string;
  readonly addons: Readonly<Record<string, string>>;
}

/** The report for people, as Markdown. */
export function toConformanceMarkdown(report: ConformanceReport): string {
  const { labs } = report;
  const count = (outcome: string) => labs.filter((lab) => lab.outcome === outcome).length;
  return [
    `# Conformance of ${report.context}`,
    "",
    `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped; ${report.startedAt}, ${seconds(report.durationMs)}.`,
    "",
    "| what | version |",
    "| --- | --- |",
    `| Kubernetes | ${report.cluster.serverVersion} |`,
    `| cluster | ${cell(report.cluster.description)} |`,
    ...Object.entries(report.addons).map(([name, version]) => `| ${name} | ${version} |`),
    `| kubelab | ${report.kubelabVersion} |`,
    "",
    "| lab | outcome | time | why |",
    "| --- | --- | --- | --- |",
    ...labs.map(
      (lab) =>
        `| ${lab.lab} | ${lab.outcome} | ${seconds(lab.durationMs)} | ${cell(whyOf(lab) ?? "")} |`,
    ),
    "",
    ...labs.flatMap((lab) => (lab.steps.length === 0 ? [] : detailsOf(lab))),
  ].join("\n");
}

function detailsOf({ lab, steps }: LabRecord): string[] {
  return [
    `## ${lab}`,
    "",
    "| check | verdict | may be wrong | requests |",
    "| --- | --- | --- | --- |",
    ...steps.flatMap(rowsOf),
    "",
  ];
}

function rowsOf(step: StepRecord): string[] {
  const title = `${step.number}. ${inLanguage(step.title, "en")}`;
  if (step.checks.length === 0) return [`| ${cell(title)} | ${step.outcome} | | |`];
  return step.checks.map(
    (check) =>
      `| ${cell(`${title}: ${check.title}`)} | ${check.outcome} | ${errorRateOf(check)} | ${check.requests} |`,
  );
}

/** The verdict states its own error rate in its summary; an exact check has none to state. */
function errorRateOf({ summary }: CheckRecord): string {
  return /error (≤ [\d.e-]+)/.exec(summary)?.[1] ?? "–";
}

function whyOf({ reason, error, steps }: LabRecord): string | undefined {
  const failed = steps.find((step) => step.error !== undefined)?.error;
  return reason ?? error?.message ?? failed?.message;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** One line without what would end the cell. */
function cell(text: string): string {
  return (text.split("\n")[0] ?? "").replaceAll("|", "\\|");
}
