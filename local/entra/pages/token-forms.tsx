import {
  CheckField,
  ChoiceField,
  FieldsForm,
  TextField,
  TimesField,
  wordOptions,
} from '../../loopback/control-fields';
import { outages } from '../../loopback/outage';
import { b2cErrors } from '../b2c-errors';
import { entraErrors } from '../entra-errors';
import type { EntraFaults } from '../faults';
import { readOrder } from '../ordered-refusal';
import { errorLayouts, errorUris } from '../refusals';

interface Props {
  readonly faults: EntraFaults;
}

/** The forms about tokens, refusals and keys. */
export function TokenForms({ faults }: Props) {
  return (
    <div class="grid">
      <TokenEndpointForm faults={faults} />
      <RefusalForm faults={faults} />
      <FieldsForm action="rotate-keys" legend="Keys" button="Sign with a new key" />
    </div>
  );
}

function TokenEndpointForm({ faults }: Props) {
  const { accessTokenSeconds, tokenError, tokenOutage, tokenDelayMs, tokenTimes } = faults;
  return (
    <FieldsForm action="tokens" legend="Token endpoint">
      <TextField
        label="Life of access tokens, in seconds"
        name="accessTokenSeconds"
        value={accessTokenSeconds.value}
      />
      <ChoiceField
        label="Refusal"
        name="tokenError"
        value={codeOf(tokenError)}
        options={refusalOptions(codeOf(tokenError))}
      />
      <ChoiceField
        label="Outage"
        name="tokenOutage"
        value={tokenOutage.value}
        options={wordOptions(outages)}
      />
      <TextField label="Delay, in milliseconds" name="tokenDelayMs" value={tokenDelayMs.value} />
      <TimesField
        label="How many requests (refusal, outage, delay)"
        name="tokenTimes"
        value={tokenTimes.value}
      />
    </FieldsForm>
  );
}

function RefusalForm({ faults }: Props) {
  return (
    <FieldsForm action="refusals" legend="Refusals" button="Set the refusals">
      <ChoiceField
        label="Refusal of sign-ins"
        name="signInError"
        value={codeOf(faults.signInError)}
        options={refusalOptions(codeOf(faults.signInError))}
      />
      <TimesField label="How many sign-ins" name="signInTimes" value={faults.signInTimes.value} />
      <ChoiceField
        label="Separator in descriptions"
        name="errorLayout"
        value={faults.errorLayout.value}
        options={wordOptions(errorLayouts)}
      />
      <ChoiceField
        label="Host of error_uri"
        name="errorUri"
        value={faults.errorUri.value}
        options={wordOptions(errorUris)}
      />
      <CheckField
        label="with claims that name the policies"
        name="policyClaims"
        checked={faults.policyClaims.value}
      />
    </FieldsForm>
  );
}

/** The code of the refusal that is ordered; '' for none. */
function codeOf(order: EntraFaults['tokenError']): string {
  return String(readOrder(order.value)?.code ?? '');
}

/** The refusals that there are, and the one that is ordered now. */
function refusalOptions(ordered: string): (readonly [value: string, text: string])[] {
  const known = [
    ...Object.entries(entraErrors).map(
      ([number, { error }]) => [number, `AADSTS${number} ${error}`] as const,
    ),
    ...Object.entries(b2cErrors).map(([code, { error }]) => [code, `${code} ${error}`] as const),
  ];
  const isKnown = ordered === '' || known.some(([value]) => value === ordered);
  return [['', 'nothing'], ...(isKnown ? [] : [[ordered, ordered] as const]), ...known];
}
