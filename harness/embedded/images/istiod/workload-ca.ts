import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import * as der from "../../apiserver/auth/der.ts";

/** What keeps an authority the same across restarts: the content of Secret istio-ca-secret. */
export interface CaMaterial {
  readonly certificate: string;
  readonly key: string;
}

const dayMs = 24 * 3_600_000;
const ecdsaWithSha256 = der.sequence(der.objectId("1.2.840.10045.4.3.2"));
const serverAndClient = der.sequence(
  der.objectId("1.3.6.1.5.5.7.3.1"),
  der.objectId("1.3.6.1.5.5.7.3.2"),
);

/** The mesh's certificate authority: says by certificate which service account a workload runs as. */
export class WorkloadCa {
  readonly material: CaMaterial;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  private constructor(material: CaMaterial) {
    this.material = material;
    this.#key = createPrivateKey(material.key);
    this.#keyId = keyIdOf(createPublicKey(material.certificate));
  }

  /** An authority with a new key, good for ten years. */
  static create(nowMs: number): WorkloadCa {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const extensions = [
      extension("2.5.29.19", der.sequence(der.yes), true),
      extension("2.5.29.15", der.bits(Buffer.from([0x06]), 1), true),
      extension("2.5.29.14", der.octets(keyIdOf(publicKey))),
    ];
    const lifetime = der.sequence(der.utcTime(nowMs - dayMs), der.utcTime(nowMs + 3650 * dayMs));
    const content = certificateBody(publicKey, issuerName, lifetime, extensions);
    return new WorkloadCa({
      certificate: toPem(signed(content, privateKey)),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    });
  }

  /** The authority that another istiod made. */
  static load(material: CaMaterial): WorkloadCa {
    return new WorkloadCa(material);
  }

  /** A workload's certificate for its own key, good for a day; the subject is empty as in Istio. */
  issueWorkload(publicKeyPem: string, spiffeUri: string, nowMs: number): string {
    const names = der.sequence(der.tagged(6, Buffer.from(spiffeUri)));
    return this.#issue(createPublicKey(publicKeyPem), names, true, nowMs);
  }

  /** A server's certificate with a new key, for istiod's own ports. */
  issueServer(hosts: readonly string[], nowMs: number): CaMaterial {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const names = der.sequence(...hosts.map((host) => der.tagged(2, Buffer.from(host))));
    return {
      certificate: this.#issue(publicKey, names, true, nowMs),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  }

  #issue(publicKey: KeyObject, names: Buffer, critical: boolean, nowMs: number): string {
    const extensions = [
      extension("2.5.29.15", der.bits(Buffer.from([0xa0]), 5), true),
      extension("2.5.29.37", serverAndClient),
      extension("2.5.29.35", der.sequence(der.tagged(0, this.#keyId))),
      // Critical because the subject is empty (RFC 5280 §4.2.1.6).
      extension("2.5.29.17", names, critical),
    ];
    const lifetime = der.sequence(der.utcTime(nowMs - 120_000), der.utcTime(nowMs + dayMs));
    const content = certificateBody(publicKey, der.sequence(), lifetime, extensions);
    return toPem(signed(content, this.#key));
  }
}

const issuerName = der.sequence(
  der.setOf(der.sequence(der.objectId("2.5.4.10"), der.utf8("cluster.local"))),
);

function certificateBody(
  publicKey: KeyObject,
  subject: Buffer,
  lifetime: Buffer,
  extensions: readonly Buffer[],
): Buffer {
  return der.sequence(
    der.wrapped(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    issuerName,
    lifetime,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der.wrapped(3, der.sequence(...extensions)),
  );
}

function signed(content: Buffer, key: KeyObject): Buffer {
  return der.sequence(content, ecdsaWithSha256, der.bits(sign("sha256", content, key)));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.yes] : []), der.octets(value));
}

function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha1").update(spki).digest();
}

function toPem(content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
