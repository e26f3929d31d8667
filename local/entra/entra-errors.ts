export interface EntraErrorFacts {
  readonly status: number;
  readonly error: string;
  readonly text: string;
  readonly suberror?: string;
}

/**
 * The refusals of Microsoft Entra ID that the stand-in knows, by number.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export const entraErrors = {
  50011: {
    status: 400,
    error: 'invalid_request',
    text: 'The redirect URI specified in the request does not match the redirect URIs configured for the application. Make sure the redirect URI sent in the request matches one added to your application.',
  },
  50057: { status: 400, error: 'invalid_grant', text: 'The user account is disabled.' },
  50058: {
    status: 400,
    error: 'login_required',
    text: 'A silent sign-in request was sent but no user is signed in.',
  },
  50076: {
    status: 400,
    error: 'interaction_required',
    suberror: 'basic_action',
    text: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
  },
  50173: {
    status: 400,
    error: 'invalid_grant',
    suberror: 'bad_token',
    text: 'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
  },
  53003: {
    status: 400,
    error: 'invalid_grant',
    suberror: 'message_only',
    text: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  },
  54005: {
    status: 400,
    error: 'invalid_grant',
    text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  65001: {
    status: 400,
    error: 'invalid_grant',
    suberror: 'consent_required',
    text: 'The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.',
  },
  65004: {
    status: 400,
    error: 'access_denied',
    text: 'User declined to consent to access the app.',
  },
  70000: { status: 400, error: 'invalid_grant', text: 'Provided grant is invalid or malformed.' },
  70003: {
    status: 400,
    error: 'unsupported_grant_type',
    text: 'The app requested an unsupported grant type.',
  },
  70008: {
    status: 400,
    error: 'invalid_grant',
    text: 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  },
  70011: {
    status: 400,
    error: 'invalid_scope',
    text: 'The provided request must include a scope input parameter that is valid.',
  },
  50027: {
    status: 400,
    error: 'invalid_client',
    text: 'The client assertion is not a JWT, or it is malformed.',
  },
  90014: {
    status: 400,
    error: 'invalid_request',
    text: 'The required field is missing from the request, or a field of it is malformed.',
  },
  90033: {
    status: 503,
    error: 'temporarily_unavailable',
    text: 'A transient error has occurred. Please try again.',
  },
  500121: {
    status: 400,
    error: 'access_denied',
    text: 'Authentication failed during strong authentication request.',
  },
  500112: {
    status: 400,
    error: 'invalid_grant',
    text: 'The reply address does not match the reply address provided when requesting Authorization code.',
  },
  501481: {
    status: 400,
    error: 'invalid_grant',
    text: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  },
  700016: {
    status: 400,
    error: 'unauthorized_client',
    text: 'Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant.',
  },
  700021: {
    status: 401,
    error: 'invalid_client',
    text: 'Client assertion application identifier does not match client_id parameter.',
  },
  700023: {
    status: 401,
    error: 'invalid_client',
    text: 'Client assertion audience claim does not match Realm issuer.',
  },
  700024: {
    status: 401,
    error: 'invalid_client',
    text: 'Client assertion is not within its valid time range.',
  },
  700027: {
    status: 401,
    error: 'invalid_client',
    text: 'The certificate with identifier used to sign the client assertion is not registered on application, or the signature does not verify.',
  },
  700211: {
    status: 401,
    error: 'invalid_client',
    text: 'No matching federated identity record found for presented assertion issuer. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  },
  700212: {
    status: 401,
    error: 'invalid_client',
    text: 'No matching federated identity record found for presented assertion audience. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  },
  700213: {
    status: 401,
    error: 'invalid_client',
    text: 'No matching federated identity record found for presented assertion subject. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  },
  7000218: {
    status: 401,
    error: 'invalid_client',
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  7000215: {
    status: 401,
    error: 'invalid_client',
    text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  },
  9002325: {
    status: 400,
    error: 'invalid_request',
    text: 'Proof Key for Code Exchange is required for authorization code redemption: send code_challenge with the method S256.',
  },
} as const satisfies Record<number, EntraErrorFacts>;
