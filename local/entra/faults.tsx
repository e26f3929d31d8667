import { isObject } from '../../src/bodies';
import {
  countInWords,
  createControl,
  isBoolean,
  isCount,
  isOneOf,
  isString,
  isTimes,
  isWhole,
  oneOfInWords,
  type Outage,
  outages,
  timesInWords,
} from '../loopback/control';
import {
  CheckField,
  ChoiceField,
  FieldsForm,
  TextField,
  TimesField,
  wordOptions,
} from '../loopback/control-page';
import { b2cErrors, entraErrors, type EntraErrorNumber } from './error-numbers';
import { scopeForms } from './scopes';
import type { EntraShape } from './registrations';
import { keyLists, type Signing, signings } from './signing-keys';

type Order = OrderedRefusal['code'] | OrderedRefusal | null;

/** What separates the parts of `error_description`: spaces since 2023-11, line ends before. */
const errorLayouts = ['spaces', 'lines'] as const;

/** Hosts that `error_uri` was seen with, the first being that of the cloud; `none`: it is left out. */
const errorUris = ['login.microsoftonline.com', 'login.windows.net', 'none'] as const;

const groupClaims = ['as-registered', 'always', 'never'] as const;
const flowClaims = ['tfp', 'acr'] as const;
const overages = ['claim-sources', 'hasgroups'] as const;

/**
 * How the settings of the app and its registration differ, and what Microsoft Entra ID answers then. On the page of the
 * sign-in it names the number, and sends nobody back to the app.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export const registrationFaults = {
  none: {},
  /** Everything below the address of the tenant answers 400 with AADSTS90002, the metadata too. */
  'no-such-tenant': {},
  'no-such-app': { onPage: 700016, atToken: 700016 },
  'other-redirect-uri': { onPage: 50011 },
  'other-secret': { atToken: 7000215 },
  'expired-secret': { atToken: 7000222 },
} as const satisfies Record<
  string,
  { readonly onPage?: EntraErrorNumber; readonly atToken?: EntraErrorNumber }
>;

export type RegistrationFault = keyof typeof registrationFaults;

export const registrationFaultNames = [
  'none',
  'no-such-tenant',
  'no-such-app',
  'other-redirect-uri',
  'other-secret',
  'expired-secret',
] as const satisfies readonly RegistrationFault[];

/** Everything a test can make the stand-in do wrong, or change: `POST /control`. */
export type EntraFaults = ReturnType<typeof createEntraFaults>;

export function createEntraFaults() {
  return {
    /** Claims to set in ID tokens; null removes one. */
    idTokenClaims: createControl({}, isObject, 'an object of claims: null removes one'),
    idTokenSigning: createControl<Signing>('rs256', isOneOf(signings), oneOfInWords(signings)),
    /** How many ID tokens the two above change; null: all. */
    idTokenTimes: createControl<number | null>(null, isTimes, timesInWords),
    tokenDelayMs: createControl(0, isCount, countInWords),
    tokenOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    /** What the token endpoint refuses with; null: nothing. */
    tokenError: createControl<Order>(null, isOrdered, orderedRefusalInWords),
    /** `claims` of that refusal: a claims request as JSON text. '' for its usual claims. */
    tokenErrorClaims: createControl('', isString, 'a text: JSON, or empty'),
    /** How many token requests the delay, outage and error change; null: all. */
    tokenTimes: createControl<number | null>(null, isTimes, timesInWords),
    /** What the authorization endpoint sends the browser back with; null: nothing. */
    signInError: createControl<Order>(null, isOrdered, orderedRefusalInWords),
    /** How many authorization requests that refuses; null: all. */
    signInTimes: createControl<number | null>(null, isTimes, timesInWords),
    /** Whether all refusals have `claims` with the ids of Conditional Access policies. */
    policyClaims: createControl(true, isBoolean, 'true or false'),
    errorLayout: createControl<(typeof errorLayouts)[number]>(
      'spaces',
      isOneOf(errorLayouts),
      oneOfInWords(errorLayouts),
    ),
    errorUri: createControl<(typeof errorUris)[number]>(
      'login.microsoftonline.com',
      isOneOf(errorUris),
      oneOfInWords(errorUris),
    ),
    /** `issuer` of the metadata; '' for the right one. */
    metadataIssuer: createControl('', isString, 'a text: a URL, or empty for the right one'),
    /** How many seconds `Date` is ahead in all answers. An app then finds its own clock behind. */
    dateAheadSeconds: createControl(0, isWhole, 'a whole number, less than 0 for behind'),
    /** What the app and its registration disagree about. */
    registration: createControl<RegistrationFault>(
      'none',
      isOneOf(registrationFaultNames),
      oneOfInWords(registrationFaultNames),
    ),
    metadataOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    keysOutage: createControl<Outage>('none', isOneOf(outages), oneOfInWords(outages)),
    ...tokenContents(),
    /** Length of authorization codes; null: as Microsoft Entra ID's. */
    codeLength: createControl<number | null>(null, isTimes, `${countInWords}, or null`),
    /** The longest query of an authorization request, in characters. */
    longestQuery: createControl(4096, isCount, countInWords),
    /** Whether ID tokens are signed with a key of the app, which is listed only with `?appid=`. */
    appKeys: createControl(false, isBoolean, 'true or false'),
    keyList: createControl<(typeof keyLists)[number]>(
      'usual',
      isOneOf(keyLists),
      oneOfInWords(keyLists),
    ),
  };
}

/** What is in tokens, and in the answer that brings them. */
function tokenContents() {
  return {
    /** Life of access tokens; Microsoft Entra ID gives 60 to 90 minutes, 28 hours with CAE. */
    accessTokenSeconds: createControl(3600, isCount, countInWords),
    idTokenSeconds: createControl(3600, isCount, countInWords),
    /** How many characters are added to ID tokens. */
    idTokenPadding: createControl(0, isCount, countInWords),
    /** Groups of each person that are sent as roles, besides the app roles. */
    groupRoles: createControl(0, isCount, countInWords),
    /** Whether `roles` is one text, the first of them, instead of a list. */
    rolesAsText: createControl(false, isBoolean, 'true or false'),
    /** Whether tokens name groups: as the app has registered, whatever it has registered, or never. */
    groupClaims: createControl<(typeof groupClaims)[number]>(
      'as-registered',
      isOneOf(groupClaims),
      oneOfInWords(groupClaims),
    ),
    /** How many groups a token can name. */
    groupLimit: createControl(200, isCount, countInWords),
    /** What a token says if there are more. */
    groupOverage: createControl<(typeof overages)[number]>(
      'claim-sources',
      isOneOf(overages),
      oneOfInWords(overages),
    ),
    /** Whether tokens of Azure AD B2C have `oid`, and which claim names the user flow. */
    b2cObjectId: createControl(true, isBoolean, 'true or false'),
    b2cFlowClaim: createControl<(typeof flowClaims)[number]>(
      'tfp',
      isOneOf(flowClaims),
      oneOfInWords(flowClaims),
    ),
    /** What `scope` of a token answer says. */
    scopeForm: createControl<(typeof scopeForms)[number]>(
      'superset',
      isOneOf(scopeForms),
      oneOfInWords(scopeForms),
    ),
  };
}

/** A refusal that a test asks for. A known one needs its number only; others can be given in full. */
export interface OrderedRefusal {
  /** `50076` for AADSTS50076, or a code of Azure AD B2C: `AADB2C90118`. */
  readonly code: number | string;
  /** HTTP status of the token endpoint. */
  readonly status?: number;
  readonly error?: string;
  readonly suberror?: string;
  /** `error_codes`, the generic one first. */
  readonly codes?: readonly number[];
  /** A claims request as JSON text; `''` for none at all. */
  readonly claims?: string;
  /** `Retry-After`, seconds or a date. */
  readonly retryAfter?: string;
  readonly text?: string;
}

/** The input that `isOrderedRefusal` accepts. */
const orderedRefusalInWords =
  'a number of Microsoft Entra ID, a code of Azure AD B2C (AADB2C90118), { code, status?, error?, suberror?, codes?, claims?, retryAfter?, text? }, or null for none';

/** Whether `input` asks for a refusal: a code, or an object with a code and more. */
function isOrdered(input: unknown): input is Order {
  return input === null || isCode(input) || isOrderedRefusal(input);
}

/** The refusal that `input` asks for. */
export function readOrder(input: Order): OrderedRefusal | undefined {
  if (input === null) return undefined;
  return typeof input === 'object' ? input : { code: input };
}

function isOrderedRefusal(input: unknown): input is OrderedRefusal {
  if (!isObject(input) || !isCode(input['code'])) return false;
  return Object.entries(input).every(([name, value]) => {
    switch (name) {
      case 'code':
        return true;
      case 'status':
        return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
      case 'codes':
        return Array.isArray(value) && value.every(Number.isSafeInteger);
      case 'error':
      case 'suberror':
      case 'claims':
      case 'retryAfter':
      case 'text':
        return isString(value);
      default:
        return false;
    }
  });
}

function isCode(input: unknown): input is OrderedRefusal['code'] {
  if (isString(input)) return /^AADB2C\d{5,6}$/.test(input);
  return Number.isSafeInteger(input) && Number(input) >= 10_000;
}

interface Props {
  readonly faults: EntraFaults;
}

/** The forms about tokens, refusals and keys. */
export function TokenForms({ faults, shape }: Props & { readonly shape: EntraShape }) {
  return (
    <div class="grid">
      <TokenEndpointForm faults={faults} />
      <RefusalForm faults={faults} />
      <FieldsForm action="groups" legend="Groups" button="Set the groups">
        <ChoiceField
          label="Tokens name groups"
          name="groupClaims"
          value={faults.groupClaims.value}
          options={wordOptions(groupClaims)}
        />
        <TextField label="At most" name="groupLimit" value={faults.groupLimit.value} />
      </FieldsForm>
      {shape === 'b2c' ? (
        <FieldsForm action="b2c" legend="Azure AD B2C" button="Set the tokens of B2C">
          <CheckField
            label="Tokens have oid"
            name="b2cObjectId"
            checked={faults.b2cObjectId.value}
          />
          <ChoiceField
            label="The user flow is the claim"
            name="b2cFlowClaim"
            value={faults.b2cFlowClaim.value}
            options={wordOptions(flowClaims)}
          />
        </FieldsForm>
      ) : null}
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

/** The code of the refusal that is set; '' for none. */
function codeOf(order: EntraFaults['tokenError']): string {
  return String(readOrder(order.value)?.code ?? '');
}

/** All known refusals, and the one that is set now. */
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
