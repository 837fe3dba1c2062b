/** Replaces `$(NAME)` by its value; `$$(NAME)` stays as `$(NAME)`, and so does a name without a value. */
export function expandVariables(
  text: string,
  values: (name: string) => string | undefined,
): string {
  return text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (whole === "$$") return "$";
    return (name === undefined ? undefined : values(name)) ?? whole;
  });
}
