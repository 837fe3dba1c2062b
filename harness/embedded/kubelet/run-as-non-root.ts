import type { Container, Pod } from "kubernetes-types/core/v1";
import { ContainerConfigError } from "./environment.ts";
import type { Image } from "./images/image-store.ts";
import { podReference } from "./pod-model.ts";

/** Throws a ContainerConfigError where the container asks for `runAsNonRoot` and would run as root. */
export function xMustNotBeRoot(pod: Pod, container: Container, image: Image): void {
  const security = { ...pod.spec?.securityContext, ...container.securityContext };
  if (!security.runAsNonRoot) return;
  const where = `(pod: "${podReference(pod)}", container: ${container.name})`;
  if (security.runAsUser === 0)
    throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (security.runAsUser !== undefined) return;
  const { user = 0 } = image.config;
  if (user === 0)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image will run as root ${where}`,
    );
  if (typeof user === "string")
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${where}`,
    );
}
