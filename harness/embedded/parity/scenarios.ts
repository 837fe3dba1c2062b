import type { V1ConfigMap, V1Deployment, V1ReplicaSet } from "@kubernetes/client-node";
import type { Session } from "./session.ts";
import { readTrace, type TracedObject } from "./trace.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** How each recorded action is done again. */
export type Scenario = Readonly<Record<string, (session: Session) => Promise<void>>>;

/** Changes the Deployment, once what was done before has come to its end, as in the recording it had. */
const change =
  (spec: object) =>
  async (session: Session): Promise<void> => {
    await session.eventually(() => session.mustBeSettled("web"));
    await session.patchDeployment("web", { spec });
  };

const scale = (replicas: number) => change({ replicas });
const setContainer = (container: object) =>
  change({ template: { spec: { containers: [{ name: "web", ...container }] } } });

const apply = (session: Session): Promise<void> => applyRecorded(session, () => true);
const removePage = async (session: Session): Promise<void> => {
  await session.eventually(() => session.mustBeSettled("web"));
  await session.exec(session.pods()[0] ?? "", "rm", "/www/index.html");
};

/** Every recorded scenario. What a scenario's recording calls "" happens before its first action. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "g-rollout": {
    "apply 4 replicas": apply,
    "scale 6": scale(6),
    "scale 2": scale(2),
    "scale 4": scale(4),
    "set env V=2": setContainer({ env: [{ name: "V", value: "2" }] }),
    "rollout undo": (session) => undo(session),
    "rollout restart": change({
      template: {
        metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" } },
      },
    }),
    "rollout undo to-revision 2": (session) => undo(session, 2),
  },
  "g-badrollout": {
    apply,
    "set readiness path to missing": setContainer({
      readinessProbe: { httpGet: { path: "/missing", port: 8080 } },
    }),
    undo: (session) => undo(session),
    "set image nope:1": setContainer({ image: "nope.invalid/nope:1" }),
  },
  "g-crash": { apply },
  "g-liveness": { apply, "exec rm index.html": removePage, "exec rm again": removePage },
  "g-readiness": {
    "": apply,
    "exec rm on one pod": removePage,
    "put back": (session) =>
      session.exec(session.pods()[0] ?? "", "sh", "-c", "hostname > /www/index.html"),
  },
  "g-startup": {
    "apply with startup probe": (session) => applyRecorded(session, isNamed("slow")),
    "apply without": (session) => applyRecorded(session, isNamed("killed")),
  },
  "g-config": {
    apply: async (session) => {
      const { namespace } = session;
      const data = { APP: "name: one\n", PG_URL: "postgres://one" };
      const metadata = { name: "cfg", namespace };
      await session.create({ apiVersion: "v1", kind: "ConfigMap", metadata, data } as V1ConfigMap);
      await session.create({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "sec", namespace },
        stringData: { PWD: "abc" },
      } as V1ConfigMap);
      await apply(session);
    },
    "configmap changed": async (session) => {
      const current = await session.read<V1ConfigMap>("v1", "ConfigMap", "cfg");
      current.data = { APP: "name: two\n", PG_URL: "postgres://two" };
      await session.replace(current);
    },
  },
};

function isNamed(name: string): (object: TracedObject) => boolean {
  return (object) => object.metadata?.name === name;
}

/** Applies the manifests that the recording's objects were applied from. */
async function applyRecorded(
  session: Session,
  wanted: (object: TracedObject) => boolean,
): Promise<void> {
  const { deployments, services, pods } = readTrace(session.namespace);
  const manifests = [...deployments, ...services, ...pods].flatMap(({ type, object }) => {
    const manifest = object.metadata?.annotations?.[lastApplied];
    return type === "ADDED" && manifest !== undefined && wanted(object) ? [manifest] : [];
  });
  // Together, because kubectl was faster with the second than a real node with the first's pods.
  await Promise.all(
    manifests.map(async (manifest) => {
      const parsed = JSON.parse(manifest) as TracedObject;
      const metadata = { ...parsed.metadata, annotations: { [lastApplied]: manifest } };
      await session.create({ ...parsed, metadata } as object);
    }),
  );
}

/** As `kubectl rollout undo`: puts the template of an older revision back. */
async function undo(session: Session, revision?: number): Promise<void> {
  await session.eventually(() => session.mustBeSettled("web"));
  const byRevision = new Map<number, V1ReplicaSet>();
  for (const { type, object } of session.trace.replicasets) {
    if (type === "DELETED") continue;
    const replicaSet = object as unknown as V1ReplicaSet;
    for (const [known, { metadata }] of byRevision)
      if (metadata?.name === replicaSet.metadata?.name) byRevision.delete(known);
    const annotation = replicaSet.metadata?.annotations?.["deployment.kubernetes.io/revision"];
    byRevision.set(Number(annotation), replicaSet);
  }
  const previous = [...byRevision.keys()].toSorted((one, other) => other - one)[1];
  const template = structuredClone(byRevision.get(revision ?? previous ?? 0)?.spec?.template);
  if (!template) throw new Error(`no revision ${revision ?? previous} to go back to`);
  delete template.metadata?.labels?.["pod-template-hash"];
  const current = await session.read<V1Deployment>("apps/v1", "Deployment", "web");
  if (current.spec) current.spec.template = template;
  await session.replace(current);
}
