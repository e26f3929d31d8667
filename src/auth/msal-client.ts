import { X509Certificate } from 'node:crypto';
import {
  ConfidentialClientApplication,
  LogLevel,
  ProtocolMode,
  type NodeAuthOptions,
} from '@azure/msal-node';
import { AppError } from '../errors';
import type { AuthParts } from './auth-parts';
import type { ProviderMetadata } from './provider-metadata';
import { createTokenNetworkClient, type TokenAnswer } from './token-network-client';

/** MSAL for one request: it holds that user's tokens, so it is never shared and never kept. */
export interface MsalClient {
  readonly msal: ConfidentialClientApplication;
  /** What the token endpoint said last. */
  readonly answer: () => TokenAnswer;
}

/**
 * An MSAL client that knows the provider's metadata and so asks for none.
 * @throws ERR_PROVIDER_UNAVAILABLE or ERR_PROVIDER_MISMATCH when there is no metadata to give it
 */
export async function createMsalClient(parts: AuthParts, signal: AbortSignal): Promise<MsalClient> {
  const { settings, provider, credential } = parts;
  const metadata = await provider.metadata(signal);
  const networkClient = createTokenNetworkClient(metadata.tokenEndpoint, credential, signal);
  // MSAL takes https authorities only, and needs this one for names in its cache alone: every
  // address it uses comes from the metadata, whose endpoints may be http on loopback.
  const authority = settings.authority.replace(/^http:/, 'https:');
  const msal = new ConfidentialClientApplication({
    auth: {
      clientId: settings.clientId,
      authority,
      // Spares the request for instance discovery.
      knownAuthorities: [new URL(authority).host],
      authorityMetadata: JSON.stringify(toMsalMetadata(metadata)),
      // Tells Entra ID and Graph that we handle claims challenges (continuous access evaluation).
      clientCapabilities: ['cp1'],
      ...clientCredential(parts, signal),
    },
    system: {
      networkClient,
      // The mode `AAD` would swap path segments of endpoints when the authority has only one.
      protocolMode: ProtocolMode.OIDC,
      loggerOptions: {
        loggerCallback: () => undefined,
        piiLoggingEnabled: false,
        logLevel: LogLevel.Error,
      },
    },
  });
  return { msal, answer: networkClient.answer };
}

function toMsalMetadata(metadata: ProviderMetadata): Record<string, string | undefined> {
  return {
    issuer: metadata.issuer,
    authorization_endpoint: metadata.authorizationEndpoint,
    token_endpoint: metadata.tokenEndpoint,
    jwks_uri: metadata.keysUri,
    end_session_endpoint: metadata.endSessionEndpoint,
  };
}

type Credential = Pick<NodeAuthOptions, 'clientSecret' | 'clientCertificate' | 'clientAssertion'>;

function clientCredential(parts: AuthParts, signal: AbortSignal): Credential {
  const { credential } = parts.settings;
  switch (credential.kind) {
    case 'secret':
      return { clientSecret: credential.secret };
    case 'certificate':
      return {
        clientCertificate: {
          privateKey: credential.privateKeyPem,
          thumbprintSha256: sha256Thumbprint(credential.certificatePem),
        },
      };
    case 'managed-identity':
      return {
        clientAssertion: () => {
          if (parts.clientAssertion !== undefined) return parts.clientAssertion(signal);
          const note = 'no client assertion was wired for the managed identity';
          return Promise.reject(new AppError('ERR_INTERNAL', { note }));
        },
      };
  }
}

/** Hexadecimal without colons, as MSAL wants it. */
function sha256Thumbprint(certificatePem: string): string {
  try {
    return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '');
  } catch {
    const note = 'ENTRA_CLIENT_CERTIFICATE holds no readable certificate';
    throw new AppError('ERR_PROVIDER_MISMATCH', { note });
  }
}
