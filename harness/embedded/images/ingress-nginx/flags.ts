/** The controller's flags and their defaults, as upstream's. */
const defaults = {
  "controller-class": "k8s.io/ingress-nginx",
  "ingress-class": "nginx",
  "watch-ingress-without-class": "false",
  "publish-service": "",
  "update-status": "true",
  "status-update-interval": "60",
  "sync-rate-limit": "0.3",
  "http-port": "80",
  "https-port": "443",
  "healthz-port": "10254",
} as const;

/** Upstream's flags that have nothing to change here. */
const inert = new Set([
  "configmap",
  "election-id",
  "v",
  "enable-metrics",
  "disable-svc-external-name",
]);

/** The controller's settings. */
export type Flags = Record<keyof typeof defaults, string>;

/** Reads `--name=value`; a flag that is not known is an error, as upstream has it. */
export function readFlags(args: readonly string[]): Flags {
  const flags: Flags = { ...defaults };
  for (const arg of args) {
    const [, name = "", value] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (inert.has(name)) continue;
    if (!Object.hasOwn(flags, name)) throw new Error(`unknown flag: ${name ? `--${name}` : arg}`);
    // A flag without a value switches on.
    flags[name as keyof Flags] = value ?? "true";
  }
  for (const name of [
    "status-update-interval",
    "sync-rate-limit",
    "http-port",
    "https-port",
  ] as const)
    if (!(Number(flags[name]) >= 0))
      throw new Error(`invalid argument "${flags[name]}" for "--${name}" flag: not a number`);
  return flags;
}
