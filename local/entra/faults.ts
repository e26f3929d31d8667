import { createControl, isCount, isOneOf, isRecord, isString, isTimes } from '../loopback/control';
import { outages } from '../loopback/outage';
import type { Outage } from '../loopback/outage';
import type { EntraErrorNumber } from './entra-error';
import { isEntraErrorNumber } from './entra-error';
import { signings } from './sign-token';
import type { Signing } from './sign-token';

/** Everything a test can make the stand-in do wrong, or change: `POST /control`. */
export type EntraFaults = ReturnType<typeof createEntraFaults>;

export function createEntraFaults() {
  return {
    /** Claims to set in ID tokens; null removes one. */
    idTokenClaims: createControl({}, isRecord),
    idTokenSigning: createControl<Signing>('rs256', isOneOf(signings)),
    /** How many ID tokens the two above touch; null: all. */
    idTokenTimes: createControl<number | null>(null, isTimes),
    tokenDelayMs: createControl(0, isCount),
    tokenOutage: createControl<Outage>('none', isOneOf(outages)),
    /** A number of entra-errors.ts that the token endpoint refuses with; null: none. */
    tokenError: createControl<EntraErrorNumber | null>(
      null,
      (input) => input === null || isEntraErrorNumber(input),
    ),
    /** `claims` of that refusal, a claims request as JSON text; '' for none. */
    tokenErrorClaims: createControl('', isString),
    /** How many token requests the delay, outage and error touch; null: all. */
    tokenTimes: createControl<number | null>(null, isTimes),
    /** `issuer` of the metadata; '' for the right one. */
    metadataIssuer: createControl('', isString),
    metadataOutage: createControl<Outage>('none', isOneOf(outages)),
    keysOutage: createControl<Outage>('none', isOneOf(outages)),
    /** Life of access tokens; Microsoft Entra ID gives 60 to 90 minutes, 28 hours with CAE. */
    accessTokenSeconds: createControl(3600, isCount),
    idTokenSeconds: createControl(3600, isCount),
  };
}
