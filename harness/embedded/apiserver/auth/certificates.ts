import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";

/** A certificate with its key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate names. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** DNS names and addresses that a server answers for; a client has none. */
  readonly hosts?: readonly string[];
}

const yearMs = 365 * 24 * 3_600_000;
const ecdsaWithSha256 = der.sequence(der.objectId("1.2.840.10045.4.3.2"));

/** A certificate authority whose key never leaves this object. */
export class CertificateAuthority {
  /** The authority's own certificate, PEM. */
  readonly certificate: string;
  readonly #name: string;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;
  readonly #nowMs: number;

  constructor(name: string, nowMs: number) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = name;
    this.#key = privateKey;
    this.#keyId = keyIdOf(publicKey);
    this.#nowMs = nowMs;
    this.certificate = this.#signed({ commonName: name }, publicKey, [
      extension("2.5.29.19", der.sequence(der.yes), true),
      // digitalSignature, keyCertSign, cRLSign
      extension("2.5.29.15", der.bits(Buffer.from([0x86]), 1), true),
    ]);
  }

  /** Issues a certificate for a server (with hosts) or a client, with a new key. */
  issue(subject: CertificateSubject): KeyedCertificate {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { hosts = [] } = subject;
    const purpose = hosts.length > 0 ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
    const extensions = [
      extension("2.5.29.15", der.bits(Buffer.from([0x80]), 7), true),
      extension("2.5.29.37", der.sequence(der.objectId(purpose))),
      extension("2.5.29.35", der.sequence(der.tagged(0, this.#keyId))),
    ];
    if (hosts.length > 0) extensions.push(extension("2.5.29.17", alternativeNames(hosts)));
    return {
      certificate: this.#signed(subject, publicKey, extensions),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  }

  #signed(
    subject: CertificateSubject,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
  ): string {
    const keyId = extension("2.5.29.14", der.octets(keyIdOf(publicKey)));
    const body = der.sequence(
      der.wrapped(0, der.integer(Buffer.from([2]))),
      der.integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ecdsaWithSha256,
      nameOf({ commonName: this.#name }),
      // A clock that is a little slow must not refuse a cluster that has just started.
      der.sequence(der.utcTime(this.#nowMs - 3_600_000), der.utcTime(this.#nowMs + yearMs)),
      nameOf(subject),
      publicKey.export({ type: "spki", format: "der" }),
      der.wrapped(3, der.sequence(...extensions, keyId)),
    );
    const signature = sign("sha256", body, this.#key);
    return toPem(der.sequence(body, ecdsaWithSha256, der.bits(signature)));
  }
}

function attribute(id: string, text: string): Buffer {
  return der.setOf(der.sequence(der.objectId(id), der.utf8(text)));
}

function nameOf({ commonName, organizations = [] }: CertificateSubject): Buffer {
  return der.sequence(
    ...organizations.map((organization) => attribute("2.5.4.10", organization)),
    attribute("2.5.4.3", commonName),
  );
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.yes] : []), der.octets(value));
}

function alternativeNames(hosts: readonly string[]): Buffer {
  return der.sequence(
    ...hosts.map((host) =>
      isIP(host) ? der.tagged(7, addressBytes(host)) : der.tagged(2, Buffer.from(host)),
    ),
  );
}

function addressBytes(address: string): Buffer {
  if (address === "::1") return Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
  return Buffer.from(address.split(".").map(Number));
}

function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function toPem(content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
