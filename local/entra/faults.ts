import { countInWords, createControl, isCount, isOneOf, isRecord } from '../loopback/control';
import { isString, isTimes, oneOfInWords, timesInWords } from '../loopback/control';
import { outages } from '../loopback/outage';
import type { Outage } from '../loopback/outage';
import type { EntraErrorNumber } from './entra-error';
import { isEntraErrorNumber } from './entra-error';
import { entraErrors } from './entra-errors';
import { signings } from './sign-token';
import type { Signing } from './sign-token';

/** Everything a test can make the stand-in do wrong, or change: `POST /control`. */
export type EntraFaults = ReturnType<typeof createEntraFaults>;

export function createEntraFaults() {
  return {
    /** Claims to set in ID tokens; null removes one. */
    idTokenClaims: createControl({}, isRecord, 'an object of claims: null removes one'),
    idTokenSigning: createControl<Signing>('rs256', isOneOf(signings), oneOfInWords(signings)),
    /** How many ID tokens the two above touch; null: all. */
    idTokenTimes: createControl<number | null>(null, isTimes, timesInWords),
    tokenDelayMs: createControl(0, isCount, countInWords),
    tokenOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    /** A number of entra-errors.ts that the token endpoint refuses with; null: none. */
    tokenError: createControl<EntraErrorNumber | null>(
      null,
      (input) => input === null || isEntraErrorNumber(input),
      `${oneOfInWords(Object.keys(entraErrors))}, or null for none`,
    ),
    /** `claims` of that refusal, a claims request as JSON text; '' for none. */
    tokenErrorClaims: createControl('', isString, 'a text: JSON, or empty for none'),
    /** How many token requests the delay, outage and error touch; null: all. */
    tokenTimes: createControl<number | null>(null, isTimes, timesInWords),
    /** `issuer` of the metadata; '' for the right one. */
    metadataIssuer: createControl('', isString, 'a text: a URL, or empty for the right one'),
    metadataOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    keysOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    /** Life of access tokens; Microsoft Entra ID gives 60 to 90 minutes, 28 hours with CAE. */
    accessTokenSeconds: createControl(3600, isCount, countInWords),
    idTokenSeconds: createControl(3600, isCount, countInWords),
  };
}
