import type { Resource } from "../../resource.ts";
import { StatusError, type StatusDetails } from "../../status-error.ts";

type Named = Pick<Resource, "group" | "plural" | "kind">;

/** "deployments.apps", and "pods" for the core group. */
export function qualified(name: string, group: string): string {
  return group === "" ? name : `${name}.${group}`;
}

function detailsOf(resource: Named, name: string | undefined): StatusDetails {
  return {
    ...(name ? { name } : {}),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
  };
}

/** 404 for an object. */
export function notFound(resource: Named, name: string): StatusError {
  const message = `${qualified(resource.plural, resource.group)} "${name}" not found`;
  return new StatusError(404, "NotFound", message, detailsOf(resource, name));
}

/** 404 for a path that leads to no resource. */
export function noSuchResource(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 409 for a name that is taken. */
export function alreadyExists(resource: Named, name: string): StatusError {
  const message = `${qualified(resource.plural, resource.group)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(resource, name));
}

/** 409 for a write on top of an older version than the newest. */
export function conflict(resource: Named, name: string, why = staleWrite): StatusError {
  const subject = `${qualified(resource.plural, resource.group)} "${name}"`;
  const message = `Operation cannot be fulfilled on ${subject}: ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(resource, name));
}

const staleWrite =
  "the object has been modified; please apply your changes to the latest version and try again";

/** 400. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 403 with the reason why this object may not be written. */
export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes?: StatusDetails["causes"],
): StatusError {
  const subject = name === "" ? "" : ` "${name}"`;
  const message = `${qualified(resource.plural, resource.group)}${subject} is forbidden: ${why}`;
  const details = detailsOf(resource, name);
  return new StatusError(403, "Forbidden", message, causes ? { ...details, causes } : details);
}

/** 405 for a verb that the resource does not take. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

/** 500 with Kubernetes' lead-in. */
export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}
