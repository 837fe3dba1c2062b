import { KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";
import { isRequestDescription, outside, type RequestDescription } from "../lab/request.ts";
import { Kube, type SelectOptions } from "../kube/kube.ts";
import { parseTarget } from "../kube/target.ts";
import type { Action, Check } from "./actions.ts";
import { Unknown } from "./scope.ts";

/** Where a page's commands are typed: the lab's namespaces and its manifests. */
export interface Place {
  readonly namespace: string;
  /** `labs/deploy-app/manifests` */
  readonly manifests: string;
  /** The labels by which a workload or Service of the lab's manifests chooses its pods. */
  readonly selectorOf: (target: string) => string | undefined;
}

/** What a person types to do the same as an action; nothing where kubectl has no words for it. */
export async function commandsFor(action: Action, place: Place): Promise<readonly string[]> {
  switch (action.type) {
    case "apply":
    case "remove":
      return action.names.map((name) => fileCommand(action.type, name, action.space, place));
    case "ready":
      return action.targets.map((target) => readyCommand(target, place));
    case "kube":
      return kubeCommands(action.verb, action.args, place);
    case "ask":
      return requestCommands(action.request, { times: 1 }, place);
    case "compose":
      return [
        `docker compose -f ${place.manifests.replace(/manifests$/, action.file)} up --detach --build`,
      ];
    case "load":
      return [loadCommand(action.load.requests, place)];
    case "check":
      return isRequestDescription(action.of)
        ? requestCommands(action.of, byHand(action), place)
        : [];
    default:
      return action satisfies never;
  }
}

function fileCommand(
  type: "apply" | "remove",
  name: string,
  space: string | undefined,
  place: Place,
) {
  const verb = type === "apply" ? "apply" : "delete";
  if (!/\.ya?ml$/.test(name)) return inSpace(`kubectl delete ${name}`, place);
  const where = space === undefined ? "" : ` -n ${place.namespace}-${space}`;
  return `kubectl ${verb}${where} -f ${place.manifests}/${name}`;
}

function readyCommand(text: string, place: Place): string {
  const { kind, name } = parseTarget(text);
  if (/^(deployment|statefulset|daemonset)s?(\.apps)?$/i.test(kind))
    return inSpace(`kubectl rollout status ${text}`, place);
  if (/^pods?$/i.test(kind)) return inSpace(`kubectl wait --for=condition=Ready ${text}`, place);
  if (/^jobs?$/i.test(kind)) return inSpace(`kubectl wait --for=condition=Complete ${text}`, place);
  if (/^services?$/i.test(kind))
    return `kubectl get endpointslices -l kubernetes.io/service-name=${name}${spaceFlag(text, place)}`;
  return inSpace(`kubectl get ${text}`, place);
}

type Reading = (args: readonly unknown[], place: Place) => string;

/** The verbs that change nothing; those that do say themselves what a person would type. */
const readings: Readonly<Record<string, Reading>> = {
  get: ([target]) => `kubectl get ${String(target)} -o yaml`,
  find: ([target]) => `kubectl get ${String(target)} --ignore-not-found`,
  exists: ([target]) => `kubectl get ${String(target)} --ignore-not-found`,
  // Labs read pods' addresses, which the short table leaves out.
  list: (args, place) =>
    `kubectl get ${selection(args, place)}${args[0] === "pods" ? " -o wide" : ""}`,
  watch: (args, place) => `kubectl get ${selection(args, place)} --watch`,
  record: (args, place) => `kubectl get ${selection(args, place)} --watch`,
  pods: ([target], place) => `kubectl get pods${podsOf(String(target), place)} -o wide`,
  recordPods: ([target], place) => `kubectl get pods${podsOf(String(target), place)} --watch`,
  logs: ([target, options]) => `kubectl logs ${String(target)}${logFlags(options)}`,
  events: ([target]) => `kubectl events${typeof target === "string" ? ` --for ${target}` : ""}`,
  describe: ([target]) => `kubectl describe ${String(target)}`,
  "api.request": ([method, path]) =>
    method === "GET"
      ? `kubectl get --raw ${quote(String(path))}`
      : `# ${String(method)} ${String(path)}`,
  "api.text": ([path]) => `kubectl get --raw ${quote(String(path))}`,
  history: ([target]) => `kubectl rollout history ${String(target)}`,
  exec: ([target, command, options]) =>
    `kubectl exec ${String(target)}${containerFlag(options)} -- ${words(command)}`,
};

async function kubeCommands(
  verb: string,
  args: readonly unknown[],
  place: Place,
): Promise<readonly string[]> {
  if (verb === "ready")
    return (args[0] as readonly string[]).map((one) => readyCommand(one, place));
  if (verb === "namespaceOf" || verb === "startExec") return [];
  const reading = readings[verb];
  const commands = reading ? [reading(args, place)] : await told(verb, args, place.namespace);
  if (commands.length === 0)
    throw new LabError("LAB_INVALID", `pages have no command for kube.${verb}`);
  return commands.map((command) => inSpace(command, place));
}

/** What the harness's own verb says that a person would type: it says so before it does anything. */
async function told(
  verb: string,
  args: readonly unknown[],
  namespace: string,
): Promise<readonly string[]> {
  const commands: string[] = [];
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [{ name: "none", server: "https://127.0.0.1:1" }],
    users: [{ name: "none" }],
    contexts: [{ name: "none", cluster: "none", user: "none" }],
    currentContext: "none",
  });
  const kube = new Kube({
    kubeConfig,
    namespace,
    signal: AbortSignal.abort(),
    onCommand: (command) => commands.push(command),
  });
  const call = (kube as unknown as Record<string, unknown>)[verb];
  if (typeof call !== "function") return [];
  await (call as (...all: unknown[]) => Promise<unknown>)
    .apply(
      kube,
      args.map((arg) => (arg instanceof Unknown ? String(arg) : arg)),
    )
    .catch(() => undefined);
  return commands;
}

/** How a check is tried by hand: with how many requests, and whether on one connection. */
interface ByHand {
  readonly times: number;
  readonly refused?: boolean;
  /** The body is what matters, not who answered. */
  readonly body?: boolean;
  /** How long to rest between two of them. */
  readonly everyMs?: number;
}

const timesByHand: Readonly<Record<string, number>> = {
  toSplit: 20,
  toBalance: 20,
  toStayOnOnePod: 10,
  toReachOnly: 5,
};

function byHand({ matcher, args }: Check): ByHand {
  const options = args.find(
    (arg) => typeof (arg as { times?: unknown } | null)?.times === "number",
  );
  const wanted = (options as { times: number } | undefined)?.times;
  // Numbers that the page speaks of: each of these requests must be made.
  const exactly = /^to(Answer|CountUp)$/.test(matcher) ? wanted : undefined;
  return {
    times: exactly ?? timesByHand[matcher] ?? 1,
    refused: matcher === "toRefuse",
    body: matcher === "toCountUp",
  };
}

function requestCommands(
  request: RequestDescription,
  hand: ByHand,
  place: Place,
): readonly string[] {
  if (request.from !== outside) return [execCommand(request, hand, place)];
  if (hand.refused) return [`kubectl get ${serviceFlags(request)}`];
  if (request.at) return [curl(request)];
  const ask = curl(request);
  const each = hand.body ? curl(request, "-s") : `${ask} | grep -i x-kubelab-responder`;
  const many = `for i in $(seq ${hand.times}); do ${each}; done`;
  return [addressCommand(request), hand.times > 1 ? many : ask];
}

/** The apps' image holds a program that sends what a person types, as the lab's own client sends it. */
function execCommand(
  request: RequestDescription,
  { times, everyMs }: ByHand,
  place: Place,
): string {
  const { url, headers = {}, method, protocol, body, connections } = request;
  const grpc = protocol === "grpc";
  const flags = [
    ...(times > 1 ? [`-n ${times}`] : []),
    ...(everyMs === undefined ? [] : [`--every ${everyMs}`]),
    ...(connections !== undefined && connections !== "new" ? ["--kept-alive"] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(!grpc && method !== "GET" && protocol !== "tcp" ? [`--method ${method}`] : []),
    ...(body === undefined ? [] : [`--body ${quote(body)}`]),
    quote(grpc ? `${url}/${method.replace(/^\//, "")}` : url),
  ];
  const target = `${String(request.from)}${containerFlag(request)}`;
  return inSpace(`kubectl exec ${target} -- node /apps/main.ts ask ${flags.join(" ")}`, place);
}

/** A minute of requests, for somebody to watch while they do something else. */
function loadCommand(request: RequestDescription, place: Place): string {
  if (request.from !== outside) return execCommand(request, { times: 600, everyMs: 100 }, place);
  return `while true; do ${curl(request, "-s -o /dev/null -w '%{http_code}\\n'")}; sleep 0.1; done`;
}

/** The address that stands for a Service on the reader's machine, as the embedded cluster says it. */
function addressCommand(request: RequestDescription): string {
  const port = new URL(httpUrl(request)).port || (request.url.startsWith("https") ? "443" : "80");
  const path = "-o jsonpath='{.metadata.annotations.kubelab\\.dev/outside}'";
  return `ADDRESS=$(kubectl get ${serviceFlags(request)} ${path} | sed 's/.*"${port}":"\\([^"]*\\)".*/\\1/')`;
}

function serviceFlags(request: RequestDescription): string {
  const [name, namespace] = (request.through ?? new URL(httpUrl(request)).hostname).split(".");
  return `service ${name}${request.through?.includes(".") ? ` -n ${namespace}` : ""}`;
}

function curl(request: RequestDescription, options = "-si"): string {
  const url = new URL(httpUrl(request));
  const headers = Object.entries({
    ...(request.through ? { Host: url.host } : {}),
    ...request.headers,
  });
  const flags = headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)} `).join("");
  const method = request.method === "GET" ? "" : `-X ${request.method} `;
  return `curl ${options} ${method}${flags}"http://${request.at ? `localhost:${url.port}` : "$ADDRESS"}${url.pathname}${url.search}"`;
}

function httpUrl({ url }: RequestDescription): string {
  return url.replace(/^(grpc|tcp):/, "http:");
}

function selection([kind, options]: readonly unknown[], place: Place): string {
  const { labels, fields, space } = (options ?? {}) as SelectOptions;
  return [
    String(kind),
    labels === undefined ? "" : `-l ${quote(labels)}`,
    fields === undefined ? "" : `--field-selector ${quote(fields)}`,
    space === undefined ? "" : `-n ${place.namespace}-${space}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function podsOf(target: string, place: Place): string {
  const { kind, name } = parseTarget(target);
  if (/^pods?$/i.test(kind)) return ` ${name}${spaceFlag(target, place)}`;
  const labels = place.selectorOf(target);
  return `${labels === undefined ? "" : ` -l ${labels}`}${spaceFlag(target, place)}`;
}

function logFlags(options: unknown): string {
  const { previous, tail } = (options ?? {}) as { previous?: boolean; tail?: number };
  return `${containerFlag(options)}${previous ? " --previous" : ""}${tail === undefined ? "" : ` --tail=${tail}`}`;
}

function containerFlag(options: unknown): string {
  const container = (options as { container?: string } | undefined)?.container;
  return container === undefined ? "" : ` -c ${container}`;
}

function spaceFlag(target: string, place: Place): string {
  const { space } = parseTarget(target);
  return space === undefined ? "" : ` -n ${place.namespace}-${space}`;
}

/** `other:deployment/x` is the lab's way to name a namespace; kubectl takes `-n`. */
function inSpace(command: string, { namespace }: Place): string {
  const match = / ([a-z0-9-]+):([A-Za-z.]+\/\S+)/.exec(command);
  if (!match) return command;
  const [found, space, target] = match;
  return command
    .replace(found, ` ${target}`)
    .replace(/^kubectl/, `kubectl -n ${namespace}-${space}`);
}

function words(command: unknown): string {
  if (!Array.isArray(command)) return String(command);
  return command.map((word) => quote(String(word))).join(" ");
}

/** A word as a shell takes it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
