import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createCertificate, toPem } from '../../local/loopback/server';

export interface ThrowawayCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly publicKey: KeyObject;
  /** SHA-256 of the certificate, base64url: the header `x5t#S256`. */
  readonly thumbprint: string;
}

/** An RSA key and its self-signed certificate, by which an app proves itself to the provider. */
export function createThrowawayCertificate(): ThrowawayCertificate {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = createCertificate(pair);
  return {
    privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: toPem(certificate),
    publicKey: pair.publicKey,
    thumbprint: createHash('sha256').update(certificate).digest('base64url'),
  };
}
