/** The path as nginx matches it: decoded, with dots and doubled slashes resolved; undefined where it is malformed. */
export function normalize(target: string): string | undefined {
  const [path = ""] = target.split(/[?#]/, 1);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // Not UTF-8: byte by byte, as nginx does.
    if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
    decoded = unescape(path);
  }
  if (!decoded.startsWith("/") || decoded.includes("\0")) return undefined;
  const parts: string[] = [];
  const given = decoded.split("/");
  for (const [index, part] of given.entries()) {
    const isLast = index === given.length - 1;
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") parts.push(part);
    if (isLast && (part === "" || part === "." || part === "..")) parts.push("");
  }
  return `/${parts.join("/")}`;
}

function unescape(path: string): string {
  return path.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** A decoded path as it may stand in a request. */
export function encodePath(path: string): string {
  return encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23");
}
