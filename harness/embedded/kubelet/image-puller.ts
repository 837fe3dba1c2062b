import type { Container, Pod } from "kubernetes-types/core/v1";
import type { KubeletContext } from "./kubelet-context.ts";
import type { Image } from "./images/image-store.ts";
import { pullErrorOf } from "./images/pull-error.ts";
import { referenceErrorOf } from "./images/reference.ts";
import { StartError } from "./start-error.ts";
import type { ContainerEvents } from "./container-events.ts";

/** Finds the container's image as its pull policy says, and reports it as the kubelet does. Throws a StartError. */
export function ensureImage(
  pod: Pod,
  container: Container,
  context: KubeletContext,
  events: ContainerEvents,
): Image {
  const name = container.image ?? "";
  const invalid = referenceErrorOf(name);
  if (invalid !== undefined) {
    const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": ${invalid}`;
    events.warn("InspectFailed", message);
    throw new StartError("InvalidImageName", message);
  }
  const image = context.images.lookup(name);
  const policy = container.imagePullPolicy ?? "IfNotPresent";
  if (image && policy !== "Always") {
    events.tell(
      "Pulled",
      `Container image "${name}" already present on machine and can be accessed by the pod`,
    );
    return image;
  }
  if (policy === "Never") {
    const message = `Container image "${name}" is not present with pull policy of Never`;
    events.warn("ErrImageNeverPull", message);
    throw new StartError("ErrImageNeverPull", message);
  }
  return pull(name, image, `${pod.metadata?.uid}_${name}`, context, events);
}

function pull(
  name: string,
  image: Image | undefined,
  key: string,
  { pullBackOff, clock, images }: KubeletContext,
  events: ContainerEvents,
): Image {
  const error = image ? "" : pullErrorOf(name, images.knows(name));
  if (pullBackOff.remainingSinceUpdateMs(key) > 0) {
    const message = `Back-off pulling image "${name}"`;
    events.tell("BackOff", message);
    throw new StartError("ImagePullBackOff", `${message}: ErrImagePull: ${error}`);
  }
  events.tell("Pulling", `Pulling image "${name}"`);
  if (image) {
    events.tell(
      "Pulled",
      `Successfully pulled image "${name}" in 1ms (1ms including waiting). Image size: ${image.bytes} bytes.`,
    );
    return image;
  }
  events.warn("Failed", `Failed to pull image "${name}": ${error}`);
  pullBackOff.next(key, clock.now());
  throw new StartError("ErrImagePull", error);
}
