import type { Ingress } from "kubernetes-types/networking/v1";

/** Prefix of ingress-nginx's own annotations. */
const prefix = "nginx.ingress.kubernetes.io/";

/** How a canary gets its share. Names as in ingress-nginx's TrafficShapingPolicy. */
export interface TrafficShaping {
  weight: number;
  /** Counts only above 100. */
  weightTotal: number;
  header: string;
  headerValue: string;
  headerPattern: string;
  cookie: string;
}

/** What an Ingress's annotations ask for. */
export interface IngressSettings {
  canary: boolean;
  readonly shaping: TrafficShaping;
  rewriteTarget: string;
  useRegex: boolean;
  sslRedirect: boolean;
  forceSslRedirect: boolean;
  /** Whether the redirect to https keeps a slash at the end of the path. */
  preserveTrailingSlash: boolean;
  appRoot: string;
  permanentRedirect: string;
  permanentRedirectCode: number;
  temporalRedirect: string;
  temporalRedirectCode: number;
  upstreamVhost: string;
  /** A Service of the same namespace that answers while the one of the rule has no endpoints. */
  defaultBackend: string;
  nextUpstream: string;
  nextUpstreamTries: number;
  connectTimeoutMs: number;
  readTimeoutMs: number;
  maxBodyBytes: number;
  accessLog: boolean;
}

/** ingress-nginx's defaults (internal/ingress/controller/config NewDefault). */
export function defaultSettings(): IngressSettings {
  return {
    canary: false,
    shaping: {
      weight: 0,
      weightTotal: 100,
      header: "",
      headerValue: "",
      headerPattern: "",
      cookie: "",
    },
    rewriteTarget: "",
    useRegex: false,
    sslRedirect: true,
    forceSslRedirect: false,
    preserveTrailingSlash: false,
    appRoot: "",
    permanentRedirect: "",
    permanentRedirectCode: 301,
    temporalRedirect: "",
    temporalRedirectCode: 302,
    upstreamVhost: "",
    defaultBackend: "",
    nextUpstream: "error timeout",
    nextUpstreamTries: 3,
    connectTimeoutMs: 5_000,
    readTimeoutMs: 60_000,
    maxBodyBytes: 1024 * 1024,
    accessLog: true,
  };
}

/** What may stand in a value (internal/ingress/annotations/parser/validators.go). */
const basic = /^[/\-._~a-zA-Z0-9: ]*$/;
const regex = /^[/\-._~a-zA-Z0-9:^$[\](){}*+?|&=\\]*$/;
const pathWithGroups = /^\/?[-._~a-zA-Z0-9/:$]*$/;

type Take = (settings: IngressSettings, value: string) => void;

const known: Readonly<Record<string, Take>> = {
  canary: (to, value) => (to.canary = toBoolean(value)),
  "canary-weight": ({ shaping }, value) => (shaping.weight = toNumber(value)),
  "canary-weight-total": ({ shaping }, value) => (shaping.weightTotal = toNumber(value)),
  "canary-by-header": ({ shaping }, value) => (shaping.header = toText(value, basic)),
  "canary-by-header-value": ({ shaping }, value) => (shaping.headerValue = toText(value, basic)),
  "canary-by-header-pattern": ({ shaping }, value) =>
    (shaping.headerPattern = toText(value, regex)),
  "canary-by-cookie": ({ shaping }, value) => (shaping.cookie = toText(value, basic)),
  "rewrite-target": (to, value) => (to.rewriteTarget = toText(value, pathWithGroups)),
  "use-regex": (to, value) => (to.useRegex = toBoolean(value)),
  "ssl-redirect": (to, value) => (to.sslRedirect = toBoolean(value)),
  "force-ssl-redirect": (to, value) => (to.forceSslRedirect = toBoolean(value)),
  "preserve-trailing-slash": (to, value) => (to.preserveTrailingSlash = toBoolean(value)),
  "app-root": (to, value) => (to.appRoot = toText(value, pathWithGroups)),
  "permanent-redirect": (to, value) => (to.permanentRedirect = value),
  "permanent-redirect-code": (to, value) => (to.permanentRedirectCode = toCode(value, 308)),
  "temporal-redirect": (to, value) => (to.temporalRedirect = value),
  "temporal-redirect-code": (to, value) => (to.temporalRedirectCode = toCode(value, 307)),
  "upstream-vhost": (to, value) => (to.upstreamVhost = value),
  "default-backend": (to, value) => (to.defaultBackend = value),
  "proxy-next-upstream": (to, value) => (to.nextUpstream = value),
  "proxy-next-upstream-tries": (to, value) => (to.nextUpstreamTries = toNumber(value)),
  "proxy-connect-timeout": (to, value) => (to.connectTimeoutMs = toNumber(value) * 1000),
  "proxy-read-timeout": (to, value) => (to.readTimeoutMs = toNumber(value) * 1000),
  "proxy-body-size": (to, value) => (to.maxBodyBytes = toBytes(value)),
  "enable-access-log": (to, value) => (to.accessLog = toBoolean(value)),
  "backend-protocol": (_to, value) => mustBe(value, "HTTP"),
  "load-balance": (_to, value) => mustBe(value, "round_robin"),
  // How the answer is handed over cannot be seen from outside.
  "proxy-buffering": () => {},
  "proxy-send-timeout": () => {},
};

/** Reads the annotations; what is unknown or malformed has no effect and is said in `problems`. */
export function readAnnotations(ingress: Ingress): {
  readonly settings: IngressSettings;
  readonly problems: readonly string[];
} {
  const settings = defaultSettings();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(ingress.metadata?.annotations ?? {})) {
    if (!name.startsWith(prefix)) continue;
    const take = known[name.slice(prefix.length)];
    try {
      if (take) take(settings, value);
      else problems.push(`annotation ${name} is not known to this controller and has no effect`);
    } catch (error) {
      problems.push(`annotation ${name}: ${(error as Error).message}; it has no effect`);
    }
  }
  return { settings, problems };
}

/** As Go's strconv.ParseBool. */
function toBoolean(value: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new Error(`"${value}" is neither true nor false`);
}

function toNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`"${value}" is not a whole number`);
  return Number(value);
}

function toText(value: string, allowed: RegExp): string {
  if (!allowed.test(value)) throw new Error(`"${value}" holds characters that are not allowed`);
  return value;
}

function toCode(value: string, most: number): number {
  const code = toNumber(value);
  if (code < 300 || code > most) throw new Error(`"${value}" is not from 300 to ${most}`);
  return code;
}

function toBytes(value: string): number {
  const [, digits, unit = ""] = /^(\d+)([kmg]?)$/.exec(value.toLowerCase()) ?? [];
  if (digits === undefined) throw new Error(`"${value}" is not a size such as 8m`);
  return Number(digits) * 1024 ** ["", "k", "m", "g"].indexOf(unit);
}

function mustBe(value: string, only: string): void {
  if (value !== only) throw new Error(`this controller knows "${only}" only, not "${value}"`);
}
