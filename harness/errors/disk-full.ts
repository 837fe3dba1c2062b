import { LabError } from "./lab-error.ts";

/**
 * What a full disk or a used-up quota means for people; undefined for any other failure.
 * `near` is where something was being written, for errors that do not say.
 */
export function diskFull(error: unknown, near?: string): LabError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path = near } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  const where = path === undefined ? "" : ` for ${path}`;
  return new LabError("DISK_FULL", `there is no space left on the disk${where}`, {
    advice: "Free some space, or set TMPDIR to a folder on a disk that has some.",
    cause: error,
  });
}
