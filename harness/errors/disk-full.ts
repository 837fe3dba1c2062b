import { LabError } from "./lab-error.ts";

/** What a full disk or a used-up quota means for people; undefined for any other failure. */
export function diskFull(error: unknown): LabError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  const where = path === undefined ? "" : ` for ${path}`;
  return new LabError("DISK_FULL", `there is no space left${where}`, {
    advice: "Free some space, or set TMPDIR to a folder on a disk that has some.",
    cause: error,
  });
}
