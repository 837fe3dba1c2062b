import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { Readable } from "node:stream";
import type { HeaderMap, Reply } from "../data-plane/exchange.ts";
import type { Settings } from "./config.ts";
import { replyWithPage } from "./error-page.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".htm": "text/html",
  ".css": "text/css",
  ".js": "application/javascript",
  ".json": "application/json",
  ".xml": "text/xml",
  ".txt": "text/plain",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".gif": "image/gif",
  ".ico": "image/x-icon",
};

const defaultRoot = "/usr/share/nginx/html";

/** Answers a GET with a file below root, or a folder's index. */
export async function serveFile(path: string, settings: Settings, server: string): Promise<Reply> {
  const root = settings.root ?? defaultRoot;
  const found = await findFile(`${root}${path}`, settings.index ?? ["index.html"]);
  if (typeof found === "string") return sendFile(found, settings);
  const headers: HeaderMap = found.status === 301 ? { location: `${path}/` } : {};
  return replyWithPage(found.status, server, headers);
}

async function findFile(
  file: string,
  index: readonly string[],
): Promise<string | { status: number }> {
  try {
    const about = await stat(file);
    if (!about.isDirectory()) return file.endsWith("/") ? { status: 404 } : file;
    if (!file.endsWith("/")) return { status: 301 };
  } catch (error) {
    return { status: (error as NodeJS.ErrnoException).code === "EACCES" ? 403 : 404 };
  }
  for (const name of index) if (await exists(`${file}${name}`)) return `${file}${name}`;
  return { status: 403 };
}

async function sendFile(file: string, settings: Settings): Promise<Reply> {
  const [content, about] = await Promise.all([readFile(file), stat(file)]);
  const type = types[extname(file)] ?? settings.defaultType ?? "text/plain";
  return {
    status: 200,
    headers: {
      "content-type": type,
      "content-length": String(content.length),
      "last-modified": about.mtime.toUTCString(),
    },
    body: Readable.from([content]),
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
