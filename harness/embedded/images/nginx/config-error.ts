/** Where in a configuration something stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A configuration that nginx would not start with; the message is nginx's own. */
export class ConfigError extends Error {
  constructor(message: string, place?: Place) {
    super(place ? `${message} in ${place.file}:${place.line}` : message);
    this.name = "ConfigError";
  }
}
