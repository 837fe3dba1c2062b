import type { LabEvent } from "./events.ts";
import type { CheckRecord, ErrorRecord, LabRecord, PhaseTimes, StepRecord } from "./record.ts";
import { phases } from "./record.ts";
import { duration, type Paint } from "./style.ts";
import { inLanguage, type Language } from "./text.ts";

export interface LineOptions {
  readonly paint: Paint;
  readonly language: Language;
  /** Commands and manifests are shown. @default true */
  readonly commands?: boolean;
  /** The screen's width: sentences are broken to fit. @default wide enough for any */
  readonly columns?: number | undefined;
}

/** The lines that an event adds to a run's page; traffic and progress leave none. */
export function linesOf(event: LabEvent, options: LineOptions): readonly string[] {
  const { paint, language } = options;
  switch (event.type) {
    case "lab-start":
      return [
        paint("bold", event.lab) +
          paint("dim", ` · ${event.steps} steps · namespace ${event.namespace}`),
      ];
    case "phase":
      return [paint("dim", `· ${event.phase}: ${event.detail}`)];
    case "step-start":
      return [
        "",
        paint("bold", `${event.number}. ${inLanguage(event.title, language)}`),
        ...(event.why === undefined ? [] : wrap(inLanguage(event.why, language), options.columns)),
        ...(event.look === undefined
          ? []
          : wrap(`→ ${inLanguage(event.look, language)}`, options.columns)),
      ];
    case "command":
      return options.commands === false ? [] : commandLines(event.command, event.manifest, paint);
    case "check":
      return checkLines(event.check, paint);
    case "step-end":
      return stepLines(event.step, paint);
    case "lab-end":
      return labLines(event.record, paint);
    case "progress":
    case "traffic":
      break;
  }
  return [];
}

/** `cluster 1.2 s · deploy 3.4 s` */
export function phaseLine(times: PhaseTimes): string {
  return phases
    .filter((phase) => (times[phase] ?? 0) >= 1)
    .map((phase) => `${phase} ${duration(times[phase] ?? 0)}`)
    .join(" · ");
}

/** An error for people: what, and what to do. */
export function errorLines(error: ErrorRecord, paint: Paint): readonly string[] {
  return [
    ...error.message.split("\n").map((line) => paint("red", `   ${line}`)),
    ...(error.advice ? [`   → ${error.advice}  ${paint("dim", `[${error.code}]`)}`] : []),
  ];
}

const longestManifest = 40;

function commandLines(
  command: string,
  manifest: string | undefined,
  paint: Paint,
): readonly string[] {
  const lines = manifest?.trimEnd().split("\n") ?? [];
  const shown = lines.slice(0, longestManifest).map((line) => paint("dim", `     │ ${line}`));
  const more = lines.length - shown.length;
  return [
    paint("blue", `   $ ${command}`),
    ...shown,
    ...(more > 0 ? [paint("dim", `     │ … ${more} more lines`)] : []),
  ];
}

const marks = { pass: "✓", fail: "✗", inconclusive: "?" } as const;
const colours = { pass: "green", fail: "red", inconclusive: "yellow" } as const;

function checkLines(check: CheckRecord, paint: Paint): readonly string[] {
  const gate = check.gate
    ? paint("dim", ` · ${check.gate.marker} after ${duration(check.gate.durationMs)}`)
    : "";
  return [
    `   ${paint(colours[check.outcome], marks[check.outcome])} ${check.title}`,
    `     ${paint(colours[check.outcome], check.summary)}${gate}`,
  ];
}

function stepLines(step: StepRecord, paint: Paint): readonly string[] {
  if (step.outcome === "skipped")
    return [paint("dim", `   − step ${step.number} skipped: an earlier step failed`)];
  if (step.outcome === "passed")
    return [paint("green", `   ✓ done`) + paint("dim", ` in ${duration(step.durationMs)}`)];
  return [
    ...(step.error ? errorLines(step.error, paint) : []),
    ...(step.evidence ?? []).flatMap((one) => [
      paint("bold", `   ${one.object}`),
      ...one.conditions.map((line) => `     ${line}`),
      ...one.events.map((line) =>
        paint(line.startsWith("Warning") ? "yellow" : "dim", `     ${line}`),
      ),
      ...Object.entries(one.logs).flatMap(([container, lines]) => [
        paint("dim", `     log of ${container}:`),
        ...lines.map((line) => paint("dim", `       ${line}`)),
      ]),
    ]),
  ];
}

function labLines(record: LabRecord, paint: Paint): readonly string[] {
  const colour = (
    { passed: "green", failed: "red", skipped: "yellow", interrupted: "yellow" } as const
  )[record.outcome];
  const reason = record.reason === undefined ? "" : `: ${record.reason}`;
  return [
    "",
    paint(["bold", colour], `${record.lab} ${record.outcome}${reason}`) +
      paint("dim", ` in ${duration(record.durationMs)} (${phaseLine(record.phases)})`),
    ...(record.error ? errorLines(record.error, paint) : []),
  ];
}

/** Breaks a sentence into lines that are easy to read; Chinese has no spaces and is broken by width. */
function wrap(text: string, columns = Number.POSITIVE_INFINITY): readonly string[] {
  const limit = Math.max(20, Math.min(96, columns - 4));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\s)|(?<=[，。；、])/)) {
    if (line !== "" && line.length + word.length > limit) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
  }
  return [...lines, line].map((one) => `   ${one.trimEnd()}`);
}
