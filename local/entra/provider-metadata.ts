import type { EntraPaths, EntraShape } from './entra-shape';

/**
 * OpenID Connect Discovery 1.0 section 3, as Microsoft Entra ID fills it in. It promises neither S256
 * (`code_challenge_methods_supported`), which it demands all the same, nor an `iss` parameter (RFC 9207), which it does not send.
 * @param appId the `appid` that was asked with: its keys are to be asked for with it too
 */
export function providerMetadata(options: {
  readonly origin: string;
  readonly paths: EntraPaths;
  readonly issuer: string;
  readonly shape: EntraShape;
  readonly appId: string | null;
}): Record<string, unknown> {
  const { origin, paths, issuer, shape, appId } = options;
  const query = appId === null ? '' : `?appid=${encodeURIComponent(appId)}`;
  const shared = {
    issuer,
    authorization_endpoint: origin + paths.authorize,
    token_endpoint: origin + paths.token,
    end_session_endpoint: origin + paths.logout,
    jwks_uri: origin + paths.keys + query,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
  return shape === 'b2c' ? { ...shared, ...ofB2c } : { ...shared, ...ofEntra(origin, paths) };
}

const ofB2c = {
  scopes_supported: ['openid'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  claims_supported: [
    ...['name', 'emails', 'idp', 'oid', 'sub', 'tfp', 'iss', 'iat', 'exp', 'aud', 'acr'],
    ...['nonce', 'auth_time'],
  ],
};

function ofEntra(origin: string, paths: EntraPaths): Record<string, unknown> {
  return {
    token_endpoint_auth_methods_supported: [
      ...['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    ],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    request_uri_parameter_supported: false,
    userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
    device_authorization_endpoint: origin + paths.authorize.replace(/authorize$/, 'devicecode'),
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    kerberos_endpoint: origin + paths.authorize.replace(/oauth2\/v2\.0\/authorize$/, 'kerberos'),
    claims_supported: [
      ...['sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name'],
      ...[
        'cloud_graph_host_name',
        'msgraph_host',
        'aud',
        'exp',
        'iat',
        'auth_time',
        'acr',
        'nonce',
      ],
      ...['preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email'],
    ],
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
    rbac_url: 'https://pas.windows.net',
  };
}
