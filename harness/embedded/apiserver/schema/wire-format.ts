import { badRequest } from "../errors/api-errors.ts";

/** One field of a protobuf message, not yet interpreted. */
export interface Field {
  readonly number: number;
  /** Of a varint; 0 for others. */
  readonly value: bigint;
  /** Of strings, messages and fixed-size numbers; empty for varints. */
  readonly bytes: Buffer;
}

const nothing = Buffer.alloc(0);

/** The fields of a message, in order. */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw badRequest("unexpected end of a protobuf message");
  };
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw badRequest("unexpected end of a protobuf message");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, value: varint(), bytes: nothing };
    else if (wire === 1) yield { number, value: 0n, bytes: take(8) };
    else if (wire === 2) yield { number, value: 0n, bytes: take(Number(varint())) };
    else if (wire === 5) yield { number, value: 0n, bytes: take(4) };
    else throw badRequest(`a protobuf message has a field of unknown wire type ${wire}`);
  }
}

/** A varint as a signed number. */
export function integerOf(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
