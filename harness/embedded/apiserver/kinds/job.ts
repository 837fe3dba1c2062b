import type { Job } from "kubernetes-types/batch/v1";
import { jobs } from "../../resources.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import { ageColumn, humanDuration, nameColumn, sinceText } from "../tables/cells.ts";
import { containerColumns, selectorColumn } from "../tables/workload-columns.ts";
import { checkNotNegative, checkOneOf } from "../validation/numbers.ts";
import { checkImmutable, validateTemplate } from "../validation/workload.ts";
import { defineKind } from "./kind.ts";

const controllerUid = "batch.kubernetes.io/controller-uid";
const jobName = "batch.kubernetes.io/job-name";

/** Job: selects its pods by its own uid. */
export const jobKind = defineKind({
  resource: jobs,
  singular: "job",
  categories: ["all"],
  schema: "Job",
  status: true,
  generation: "spec",
  prepareCreate(job) {
    job.status = {};
    const { spec, metadata } = job;
    if (!spec) return;
    const uid = metadata?.uid ?? "";
    const name = metadata?.name ?? "";
    const own = {
      [controllerUid]: uid,
      [jobName]: name,
      "controller-uid": uid,
      "job-name": name,
    };
    const { template } = spec;
    const labels = { ...template?.metadata?.labels, ...(spec.manualSelector ? {} : own) };
    // Kubernetes: a Job that has no labels takes those of its pods.
    if (Object.keys(metadata?.labels ?? {}).length === 0 && Object.keys(labels).length > 0)
      job.metadata = { ...metadata, labels: { ...labels } };
    if (spec.manualSelector) return;
    spec.selector ??= { matchLabels: { [controllerUid]: uid } };
    spec.template = { ...template, metadata: { ...template?.metadata, labels } };
  },
  setDefaults({ spec }) {
    if (!spec) return;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= "NonIndexed";
    spec.suspend ??= false;
    spec.podReplacementPolicy ??= "TerminatingOrFailed";
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate({ spec }, errors, old) {
    validateTemplate("spec.template", spec?.template, errors);
    checkNotNegative("spec.parallelism", spec?.parallelism, errors);
    checkNotNegative("spec.completions", spec?.completions, errors);
    checkNotNegative("spec.backoffLimit", spec?.backoffLimit, errors);
    checkNotNegative("spec.activeDeadlineSeconds", spec?.activeDeadlineSeconds, errors);
    checkNotNegative("spec.ttlSecondsAfterFinished", spec?.ttlSecondsAfterFinished, errors);
    const modes = ["Indexed", "NonIndexed"];
    if (spec) checkOneOf("spec.completionMode", spec.completionMode, modes, errors);
    const policy = spec?.template?.spec?.restartPolicy;
    if (policy === "Always") {
      errors.required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"');
    }
    if (!old) return;
    checkCompletions(spec, old.spec, errors);
    checkImmutable("spec.selector", spec?.selector, old.spec?.selector, errors);
    checkImmutable("spec.template", spec?.template, old.spec?.template, errors);
    checkImmutable("spec.completionMode", spec?.completionMode, old.spec?.completionMode, errors);
  },
  selectable: ({ status }) => ({ "status.successful": String(status?.succeeded ?? 0) }),
  columns: [
    nameColumn,
    { name: "Status", type: "string", cell: statusText },
    { name: "Completions", type: "string", cell: completionsText },
    { name: "Duration", type: "string", cell: durationText },
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
});

/** Kubernetes: an Indexed Job may be given another size, where it works on all indexes at once. */
function checkCompletions(spec: Job["spec"], old: Job["spec"], errors: FieldErrors): void {
  const field = "spec.completions";
  if (spec?.completionMode !== "Indexed")
    return checkImmutable(field, spec?.completions, old?.completions, errors);
  if (spec.completions === old?.completions || spec.completions === spec.parallelism) return;
  errors.invalid(field, spec.completions, "can only be modified in tandem with spec.parallelism");
}

function statusText({ metadata, status }: Job): string {
  const holds = (type: string): boolean =>
    status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (metadata?.deletionTimestamp) return "Terminating";
  if (holds("Suspended")) return "Suspended";
  if (holds("FailureTarget")) return "FailureTarget";
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function completionsText({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function durationText({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return "";
  if (!status.completionTime) return sinceText(status.startTime, nowMs);
  return humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime));
}
