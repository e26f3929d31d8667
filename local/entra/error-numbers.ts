/** What is known of a refusal. */
export interface EntraErrorFacts {
  readonly status: number;
  /** `error` of the token endpoint. */
  readonly error: string;
  readonly text: string;
  readonly suberror?: string;
  /** `error` at the redirect, if it differs. */
  readonly atRedirect?: string;
  /** A more general number, which comes before this one in `error_codes` and in the description. */
  readonly generic?: number;
  /** Some refusals come without `error_uri`. */
  readonly hasErrorUri?: false;
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: string;
}

/** 401 for `invalid_client`, 400 for all else, unless `more` says otherwise. */
function refusal(
  error: string,
  text: string,
  more: Partial<Omit<EntraErrorFacts, 'error' | 'text'>> = {},
): EntraErrorFacts {
  return { status: error === 'invalid_client' ? 401 : 400, error, text, ...more };
}

/**
 * The refusals of Microsoft Entra ID that the stand-in knows, by number: bodies as recorded in public
 * traffic, meanings by https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
 * 50076 is `interaction_required` on the v1 endpoint only.
 */
export const entraErrors = {
  28000: refusal(
    'invalid_request',
    'Provided value for the input parameter scope is not valid because it contains more than one resource.',
  ),
  50011: refusal(
    'invalid_request',
    'The redirect URI specified in the request does not match the redirect URIs configured for the application. Make sure the redirect URI sent in the request matches one added to your application.',
  ),
  50013: refusal(
    'invalid_grant',
    'Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]',
  ),
  50020: refusal(
    'invalid_grant',
    'User account from identity provider does not exist in tenant and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.',
  ),
  50027: refusal('invalid_client', 'The client assertion is not a JWT, or it is malformed.'),
  50034: refusal(
    'invalid_grant',
    'The user account does not exist in this directory. To sign in to this application, the account must be added to the directory.',
    { suberror: 'bad_token' },
  ),
  50057: refusal('invalid_grant', 'The user account is disabled.', {
    atRedirect: 'interaction_required',
  }),
  50058: refusal('login_required', 'A silent sign-in request was sent but no user is signed in.'),
  50059: refusal(
    'invalid_request',
    'No tenant-identifying information found in either the request or implied by any provided credentials.',
  ),
  50076: refusal(
    'invalid_grant',
    'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
    { atRedirect: 'interaction_required', suberror: 'basic_action' },
  ),
  50105: refusal(
    'invalid_grant',
    'Your administrator has configured the application to block users unless they are specifically granted access to it. The signed in user is blocked because they are not a direct member of a group with access.',
    { atRedirect: 'access_denied' },
  ),
  50194: refusal(
    'invalid_request',
    'Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to be multi-tenant.',
  ),
  50173: refusal(
    'invalid_grant',
    'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
    { suberror: 'bad_token' },
  ),
  53003: refusal(
    'invalid_grant',
    'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    { atRedirect: 'access_denied', suberror: 'message_only' },
  ),
  54005: refusal(
    'invalid_grant',
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ),
  65001: refusal(
    'invalid_grant',
    'The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.',
    { atRedirect: 'consent_required', suberror: 'consent_required' },
  ),
  65004: refusal('access_denied', 'User declined to consent to access the app.'),
  65005: refusal(
    'invalid_resource',
    'The app needs access to a resource that is not in its list of required resource access.',
  ),
  70000: refusal('invalid_grant', 'Provided grant is invalid or malformed.'),
  70003: refusal('unsupported_grant_type', 'The app requested an unsupported grant type.'),
  70008: refusal(
    'invalid_grant',
    'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  ),
  70011: refusal(
    'invalid_scope',
    'The provided request must include a scope input parameter that is valid.',
  ),
  70043: refusal(
    'invalid_grant',
    'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued some time ago and the maximum allowed lifetime for this request is shorter.',
    { suberror: 'token_expired', hasErrorUri: false },
  ),
  90002: refusal(
    'invalid_tenant',
    'Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.',
  ),
  90014: refusal(
    'invalid_request',
    'The required field is missing from the request, or a field of it is malformed.',
  ),
  90015: refusal('invalid_request', 'Requested query string is too long.'),
  90033: refusal('temporarily_unavailable', 'A transient error has occurred. Please try again.', {
    status: 503,
  }),
  90055: refusal('temporarily_unavailable', 'There are too many incoming requests.', {
    retryAfter: '60',
    status: 429,
  }),
  90094: refusal(
    'invalid_grant',
    'Administrator consent is required for the permissions that the application asks for.',
    { atRedirect: 'access_denied' },
  ),
  240002: refusal(
    'invalid_request',
    "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
  ),
  500011: refusal(
    'invalid_resource',
    'The resource principal was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant.',
  ),
  500112: refusal(
    'invalid_grant',
    'The reply address does not match the reply address provided when requesting Authorization code.',
  ),
  500121: refusal('access_denied', 'Authentication failed during strong authentication request.'),
  500131: refusal(
    'invalid_grant',
    'Assertion audience does not match the Client app presenting the assertion.',
  ),
  500133: refusal('invalid_grant', 'The assertion is not within its valid time range.', {
    generic: 70002,
  }),
  501481: refusal(
    'invalid_grant',
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ),
  501051: refusal(
    'invalid_grant',
    'Application is not assigned to a role for the application whose token it asks for.',
  ),
  530035: refusal(
    'invalid_grant',
    'Access has been blocked by security defaults. The request is deemed unsafe based on security policies on the account.',
  ),
  650053: refusal(
    'invalid_client',
    "The application asked for a scope that doesn't exist on the resource.",
  ),
  650057: refusal(
    'invalid_resource',
    'Invalid resource. The client has requested access to a resource which is not listed in the requested permissions of its application registration.',
  ),
  700005: refusal(
    'invalid_grant',
    'Provided Authorization Code is intended to use against other tenant, thus rejected.',
  ),
  700016: refusal(
    'unauthorized_client',
    'Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant.',
  ),
  700021: refusal(
    'invalid_client',
    'Client assertion application identifier does not match client_id parameter.',
  ),
  700023: refusal('invalid_client', 'Client assertion audience claim does not match Realm issuer.'),
  700024: refusal('invalid_client', 'Client assertion is not within its valid time range.'),
  700025: refusal(
    'invalid_client',
    "The client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  ),
  700027: refusal(
    'invalid_client',
    'The certificate with identifier used to sign the client assertion is not registered on application, or the signature does not verify.',
  ),
  700082: refusal('invalid_grant', 'The refresh token has expired due to inactivity.'),
  700211: refusal(
    'invalid_client',
    'No matching federated identity record found for presented assertion issuer. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  ),
  700212: refusal(
    'invalid_client',
    'No matching federated identity record found for presented assertion audience. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  ),
  700213: refusal(
    'invalid_client',
    'No matching federated identity record found for presented assertion subject. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.',
  ),
  900144: refusal(
    'invalid_request',
    'The request body must contain a parameter that is missing from it.',
  ),
  1002012: refusal(
    'invalid_scope',
    'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  ),
  7000112: refusal('unauthorized_client', 'The application is disabled.'),
  7000114: refusal(
    'invalid_grant',
    'Application is not allowed to make application on-behalf-of calls.',
  ),
  7000215: refusal(
    'invalid_client',
    'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  ),
  7000218: refusal(
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  7000222: refusal(
    'invalid_client',
    'The provided client secret keys are expired. Create new keys for the app.',
  ),
  9002313: refusal('invalid_request', 'Invalid request. Request is malformed or invalid.'),
  9002331: refusal(
    'invalid_request',
    'Application is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request.',
  ),
  9002325: refusal(
    'invalid_request',
    'Proof Key for Code Exchange is required for authorization code redemption: send code_challenge with the method S256.',
  ),
  9002327: refusal(
    'invalid_request',
    "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  ),
};

/** A number of a refusal that the stand-in knows. */
export type EntraErrorNumber = keyof typeof entraErrors;

/**
 * Azure AD B2C's refusals, which have codes of their own.
 * https://learn.microsoft.com/azure/active-directory-b2c/error-codes
 */
export const b2cErrors = {
  AADB2C90006: refusal(
    'invalid_request',
    'The redirect URI provided in the request is not registered for the client ID.',
  ),
  AADB2C90068: refusal(
    'unauthorized_client',
    'The provided application is not valid against this service.',
  ),
  AADB2C90077: refusal(
    'interaction_required',
    "User does not have an existing session and request prompt parameter has a value of 'None'.",
  ),
  AADB2C90079: refusal(
    'invalid_client',
    'Clients must send a client_secret when redeeming a confidential grant.',
  ),
  AADB2C90080: refusal(
    'invalid_grant',
    'The provided grant has expired. Please re-authenticate and try again.',
  ),
  AADB2C90081: refusal(
    'invalid_client',
    'The specified client_secret does not match the expected value for this client.',
  ),
  AADB2C90085: refusal(
    'server_error',
    'The service has encountered an internal error. Please reauthenticate and try again.',
  ),
  AADB2C90086: refusal('unsupported_grant_type', 'The supplied grant_type is not supported.'),
  AADB2C90088: refusal(
    'invalid_grant',
    'The provided grant has not been issued for this endpoint.',
  ),
  AADB2C90091: refusal(
    'access_denied',
    'The user has cancelled entering self-asserted information.',
  ),
  AADB2C90117: refusal('invalid_request', 'The scope provided in the request is not supported.'),
  AADB2C90118: refusal('access_denied', 'The user has forgotten their password.'),
  AADB2C90128: refusal(
    'invalid_grant',
    'The account associated with this grant no longer exists. Please reauthenticate and try again.',
  ),
  AADB2C90183: refusal('invalid_grant', 'The supplied code_verifier is invalid.'),
};
