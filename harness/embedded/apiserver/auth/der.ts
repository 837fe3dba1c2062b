/** The few DER forms that an X.509 certificate is made of. */

function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}

/** SEQUENCE. */
export const sequence = (...items: readonly Buffer[]): Buffer =>
  element(0x30, Buffer.concat(items));

/** SET of one member. */
export const setOf = (item: Buffer): Buffer => element(0x31, item);

/** INTEGER of a few positive bytes. */
export function integer(bytes: Buffer): Buffer {
  const padded = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return element(0x02, padded);
}

/** BOOLEAN TRUE. */
export const yes = Buffer.from([0x01, 0x01, 0xff]);

/** OCTET STRING. */
export const octets = (content: Buffer): Buffer => element(0x04, content);

/** BIT STRING; `unusedBits` at its end. */
export function bits(content: Buffer, unusedBits = 0): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([unusedBits]), content]));
}

/** UTF8String. */
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text));

/** UTCTime, good until 2049. */
export function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return element(0x17, Buffer.from(`${digits}Z`));
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) bytes.push(...base128(arc));
  return element(0x06, Buffer.from(bytes));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
    bytes.unshift((left % 128) | 0x80);
  }
  return bytes;
}

/** A context-specific element that wraps others. */
export const wrapped = (tag: number, content: Buffer): Buffer => element(0xa0 | tag, content);

/** A context-specific element that stands for a primitive value. */
export const tagged = (tag: number, content: Buffer): Buffer => element(0x80 | tag, content);
