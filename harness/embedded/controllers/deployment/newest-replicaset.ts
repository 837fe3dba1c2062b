import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import { deployments, replicaSets } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import { controllerReference, isControlledBy } from "../objects/owners.ts";
import { podTemplateHashLabel, sameTemplate, templateHash } from "../objects/template-hash.ts";
import { isNamespaceTerminating } from "../pods/pod-control.ts";
import { hasProgressDeadline } from "./deployment-status.ts";
import { revisionAnnotations, sizeAnnotations } from "./revision.ts";
import { newestSize } from "./rolling-sizes.ts";
import type { Rollout } from "./rollout.ts";

/** Creates the ReplicaSet of the Deployment's present template, as large as the strategy allows at once. */
export async function createNewest(
  rollout: Rollout,
  old: readonly ReplicaSet[],
  revision: number,
): Promise<ReplicaSet> {
  const wanted = replicaSetFor(rollout.deployment, old, revision);
  const { created, existed } = await createOrFind(rollout, wanted);
  const name = created.metadata?.name;
  const replicas = created.spec?.replicas ?? 0;
  if (!existed && replicas > 0) {
    const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
    rollout.report("Normal", "ScalingReplicaSet", message);
  }
  let changed = rollout.setRevision(revision);
  if (!existed && hasProgressDeadline(rollout.deployment)) {
    const message = `Created new replica set "${name}"`;
    rollout.setCondition("Progressing", "True", "NewReplicaSetCreated", message);
    changed = true;
  }
  if (changed) await rollout.writeDeployment();
  return created;
}

function replicaSetFor(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  revision: number,
): ReplicaSet {
  const { spec } = structuredClone(deployment);
  const { template, selector, minReadySeconds } = spec ?? { template: {}, selector: {} };
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [podTemplateHashLabel]: hash };
  const matchLabels = { ...selector?.matchLabels, [podTemplateHashLabel]: hash };
  const replicaSet: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata?.name}-${hash}`,
      ...(deployment.metadata?.namespace ? { namespace: deployment.metadata.namespace } : {}),
      labels,
      annotations: {
        ...revisionAnnotations(deployment, {}, revision),
        ...sizeAnnotations(deployment),
      },
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  const replicas = newestSize(deployment, [...old, replicaSet], replicaSet);
  if (replicaSet.spec) replicaSet.spec.replicas = replicas;
  return replicaSet;
}

async function createOrFind(
  rollout: Rollout,
  wanted: ReplicaSet,
): Promise<{ readonly created: ReplicaSet; readonly existed: boolean }> {
  const { client } = rollout.options;
  try {
    return { created: await client.create(replicaSets, wanted), existed: false };
  } catch (error) {
    if (isStatus(error, "AlreadyExists"))
      return { created: await ownOrCollide(rollout, wanted, error), existed: true };
    if (!isNamespaceTerminating(error)) await reportFailure(rollout, wanted, error);
    throw error;
  }
}

/** The ReplicaSet that has the name already; where it is somebody else's, the hash collided and gets another try. */
async function ownOrCollide(
  rollout: Rollout,
  wanted: ReplicaSet,
  error: unknown,
): Promise<ReplicaSet> {
  const { deployment, options } = rollout;
  const { namespace, name = "" } = wanted.metadata ?? {};
  const found = await options.client.get(replicaSets, { namespace, name });
  const template = deployment.spec?.template ?? {};
  const own = isControlledBy(found, deployment);
  if (own && sameTemplate(found.spec?.template ?? {}, template)) return found;
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  deployment.status = { ...deployment.status, collisionCount };
  await rollout.writeDeployment();
  throw error;
}

async function reportFailure(rollout: Rollout, wanted: ReplicaSet, error: unknown): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  const message = `Failed to create new replica set "${wanted.metadata?.name}": ${text}`;
  if (hasProgressDeadline(rollout.deployment)) {
    rollout.setCondition("Progressing", "False", "ReplicaSetCreateError", message);
    await rollout.writeDeployment();
  }
  rollout.report("Warning", "ReplicaSetCreateError", message);
}
