import type { Pod } from "kubernetes-types/core/v1";
import type { ObjectKey } from "../../client.ts";
import { badRequest } from "../errors/api-errors.ts";
import { isTrue } from "../http/resource-path.ts";

/** What kubectl exec and attach ask for. */
export interface StreamRequest {
  readonly kind: "exec" | "attach";
  readonly pod: ObjectKey;
  readonly container: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Reads the query of pods/exec or pods/attach. */
export function parseStreamRequest(
  kind: "exec" | "attach",
  pod: Pod,
  query: URLSearchParams,
): StreamRequest {
  const flag = (name: string): boolean => isTrue(query.get(name));
  const command = query.getAll("command");
  if (kind === "exec" && command.length === 0) {
    throw badRequest("you must specify at least one command for the container");
  }
  const { namespace, name = "" } = pod.metadata ?? {};
  return {
    kind,
    pod: { namespace, name },
    container: chooseContainer(pod, query.get("container")),
    command,
    stdin: flag("stdin"),
    stdout: flag("stdout"),
    stderr: flag("stderr"),
    tty: flag("tty"),
  };
}

/** The container asked for, or the only one; otherwise Kubernetes' complaint. */
export function chooseContainer(pod: Pod, wanted: string | null): string {
  const name = pod.metadata?.name ?? "";
  const containers = (pod.spec?.containers ?? []).map((container) => container.name);
  const inits = (pod.spec?.initContainers ?? []).map((container) => container.name);
  if (wanted) {
    if (containers.includes(wanted) || inits.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [first] = containers;
  if (containers.length === 1 && first) return first;
  const chosen = pod.metadata?.annotations?.["kubectl.kubernetes.io/default-container"];
  if (chosen && containers.includes(chosen)) return chosen;
  const list = `choose one of: [${containers.join(" ")}]`;
  const more = inits.length > 0 ? ` or one of the init containers: [${inits.join(" ")}]` : "";
  throw badRequest(`a container name must be specified for pod ${name}, ${list}${more}`);
}
