import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** DER, written by hand: tag, length, contents. */
function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), body]);
}
const sequence = (...contents: Uint8Array[]) => der(0x30, ...contents);
const sha256WithRsa = sequence(Buffer.from('06092a864886f70d01010b0500', 'hex'));
const commonName = Buffer.from('0603550403', 'hex');
const utcTime = (text: string) => der(0x17, Buffer.from(text));

export interface ThrowawayCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly publicKey: KeyObject;
  /** SHA-256 of the certificate, base64url: the header `x5t#S256`. */
  readonly thumbprint: string;
}

/** A self-signed certificate that lives as long as the test. RFC 5280 section 4.1. */
export function createThrowawayCertificate(): ThrowawayCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const name = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from('throwaway')))));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    sha256WithRsa,
    name,
    sequence(utcTime('250101000000Z'), utcTime('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const certificate = sequence(toBeSigned, sha256WithRsa, der(0x03, Buffer.from([0]), signature));
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    publicKey,
    thumbprint: createHash('sha256').update(certificate).digest('base64url'),
  };
}
