/** How a function of node:fs uses the paths it is given. */
export interface FileFunction {
  /** Which arguments are paths. */
  readonly paths: readonly number[];
  /** Which of them are written to; for `open` the flags decide. */
  readonly writes?: readonly number[];
  /** A path comes back, to be told in the container's terms. */
  readonly answersPath?: boolean;
  /** Its function argument has to stay the same object, or is no callback for errors. */
  readonly keepsListener?: boolean;
}

const reads: FileFunction = { paths: [0] };
const writes: FileFunction = { paths: [0], writes: [0] };
const copies: FileFunction = { paths: [0, 1], writes: [1] };
const watches: FileFunction = { paths: [0], keepsListener: true };

/** Every function of node:fs that takes a path; each has a form with a callback, Sync, or a promise. */
export const fileFunctions: Readonly<Record<string, FileFunction>> = {
  access: reads,
  appendFile: writes,
  chmod: writes,
  chown: writes,
  copyFile: copies,
  cp: copies,
  exists: reads,
  lchmod: writes,
  lchown: writes,
  link: copies,
  lstat: reads,
  lutimes: writes,
  mkdir: { ...writes, answersPath: true },
  mkdtemp: { ...writes, answersPath: true },
  open: reads,
  openAsBlob: reads,
  opendir: reads,
  readFile: reads,
  readdir: reads,
  readlink: reads,
  realpath: { ...reads, answersPath: true },
  rename: { paths: [0, 1], writes: [0, 1] },
  rm: writes,
  rmdir: writes,
  stat: reads,
  statfs: reads,
  symlink: { paths: [0, 1], writes: [1] },
  truncate: writes,
  unlink: writes,
  unwatchFile: watches,
  utimes: writes,
  watch: watches,
  watchFile: watches,
  writeFile: writes,
};
