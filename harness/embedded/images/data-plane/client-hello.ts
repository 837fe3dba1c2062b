/** What a TLS client says before anything is encrypted. */
export interface ClientHello {
  readonly serverName: string | undefined;
  readonly protocols: readonly string[];
}

/** Reads a ClientHello from a connection's first bytes; "more" where they are not all there. */
export function readClientHello(bytes: Buffer): ClientHello | "more" | undefined {
  if (bytes.length < 5) return "more";
  if (bytes[0] !== 0x16) return undefined;
  const end = 5 + bytes.readUInt16BE(3);
  if (bytes.length < end) return "more";
  try {
    return parse(bytes.subarray(5, end));
  } catch {
    // Longer than one record, or no ClientHello: the TLS library will judge it.
    return undefined;
  }
}

function parse(handshake: Buffer): ClientHello | undefined {
  if (handshake[0] !== 0x01) return undefined;
  // Type and length, version, random.
  let at = 4 + 2 + 32;
  at += 1 + handshake.readUInt8(at);
  at += 2 + handshake.readUInt16BE(at);
  at += 1 + handshake.readUInt8(at);
  const end = at + 2 + handshake.readUInt16BE(at);
  at += 2;
  let serverName: string | undefined;
  let protocols: readonly string[] = [];
  while (at + 4 <= end) {
    const type = handshake.readUInt16BE(at);
    const length = handshake.readUInt16BE(at + 2);
    const content = handshake.subarray(at + 4, at + 4 + length);
    if (type === 0) serverName = content.toString("latin1", 5, 5 + content.readUInt16BE(3));
    if (type === 16) protocols = [...readProtocols(content)];
    at += 4 + length;
  }
  return { serverName, protocols };
}

function* readProtocols(content: Buffer): Generator<string> {
  for (let at = 2; at < content.length; at += 1 + content.readUInt8(at)) {
    yield content.toString("latin1", at + 1, at + 1 + content.readUInt8(at));
  }
}
