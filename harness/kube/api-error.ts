/** One reason among those a server gives for refusing an object. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What Kubernetes answers instead of an object: its `Status`. */
export interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly StatusCause[];
  };
}

/** A request that the API server refused, with Kubernetes' own reason, code and message. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly status: StatusBody;
  /** `GET /api/v1/namespaces/x`: what was asked. */
  readonly request: string;

  constructor(code: number, status: StatusBody, request: string) {
    super(status.message ?? `the API server answered ${code}`);
    this.name = "ApiError";
    this.code = code;
    this.reason = status.reason ?? "Unknown";
    this.status = status;
    this.request = request;
  }
}

/** Whether an error says that the object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}
