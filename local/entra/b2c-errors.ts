import { refusal, type entraErrors } from './entra-errors';

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

/** The code of Azure AD B2C for a number of Microsoft Entra ID; AADB2C90085 for all others. */
export const b2cNames: Readonly<Partial<Record<keyof typeof entraErrors, keyof typeof b2cErrors>>> =
  {
    50011: 'AADB2C90006',
    50057: 'AADB2C90128',
    50058: 'AADB2C90077',
    54005: 'AADB2C90080',
    65001: 'AADB2C90077',
    65004: 'AADB2C90091',
    70000: 'AADB2C90088',
    70008: 'AADB2C90080',
    70011: 'AADB2C90117',
    500121: 'AADB2C90091',
    501481: 'AADB2C90183',
    700016: 'AADB2C90068',
    7000215: 'AADB2C90081',
    7000218: 'AADB2C90079',
  };
