import type { EntraPaths } from './entra-shape';

/**
 * OpenID Connect Discovery 1.0 section 3, as Microsoft Entra ID fills it in. No
 * `authorization_response_iss_parameter_supported`: Microsoft Entra ID sends no `iss` (RFC 9207).
 */
export function providerMetadata(
  origin: string,
  paths: EntraPaths,
  issuer: string,
): Record<string, unknown> {
  return {
    token_endpoint: origin + paths.token,
    token_endpoint_auth_methods_supported: [
      'client_secret_post',
      'private_key_jwt',
      'client_secret_basic',
    ],
    jwks_uri: origin + paths.keys,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer,
    request_uri_parameter_supported: false,
    authorization_endpoint: origin + paths.authorize,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: origin + paths.logout,
    claims_supported: claims,
    code_challenge_methods_supported: ['S256'],
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
  };
}

const claims = [
  ...['sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'nonce', 'ver', 'tid', 'oid', 'sid', 'uti'],
  ...['name', 'preferred_username', 'email', 'roles', 'login_hint'],
];
