/** Words JSON.parse's commonest complaints as Go's JSON parser does. */
export function goJsonMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const character = /Unexpected token '(.)'/.exec(message)?.[1];
  if (character) return `invalid character '${character}' looking for beginning of value`;
  return "unexpected end of JSON input";
}
