import { isObject } from '../../src/bodies';
import {
  type Control,
  countInWords,
  createChoice,
  createControl,
  createCount,
  createOutage,
  createSwitch,
  createText,
  createTimes,
  createWhole,
  isString,
  textOf,
} from '../loopback/control';
import type { FaultForm } from '../loopback/control-page';
import { b2cErrors, entraErrors, type EntraErrorNumber } from './error-numbers';
import { scopeForms } from './scopes';
import { keyLists, signings } from './signing-keys';

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

type RegistrationFault = keyof typeof registrationFaults;

const registrationFaultNames = [
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
    idTokenSigning: createChoice(signings),
    /** How many ID tokens the two above change; null: all. */
    idTokenTimes: createTimes(),
    tokenDelayMs: createCount(0),
    tokenOutage: createOutage(),
    /** What the token endpoint refuses with; null: nothing. */
    tokenError: createOrder(),
    /** `claims` of that refusal: a claims request as JSON text. '' for its usual claims. */
    tokenErrorClaims: createText('', 'a text: JSON, or empty'),
    /** How many token requests the delay, outage and error change; null: all. */
    tokenTimes: createTimes(),
    /** What the authorization endpoint sends the browser back with; null: nothing. */
    signInError: createOrder(),
    /** How many authorization requests that refuses; null: all. */
    signInTimes: createTimes(),
    /** Whether all refusals have `claims` with the ids of Conditional Access policies. */
    policyClaims: createSwitch(true),
    errorLayout: createChoice(errorLayouts),
    errorUri: createChoice(errorUris),
    /** `issuer` of the metadata; '' for the right one. */
    metadataIssuer: createText('', 'a text: a URL, or empty for the right one'),
    /** How many seconds `Date` is ahead in all answers. An app then finds its own clock behind. */
    dateAheadSeconds: createWhole(),
    /** What the app and its registration disagree about. */
    registration: createChoice(registrationFaultNames),
    metadataOutage: createOutage(),
    keysOutage: createOutage(),
    ...tokenContents(),
    /** Length of authorization codes; null: as Microsoft Entra ID's. */
    codeLength: createTimes(`${countInWords}, or null`),
    /** The longest query of an authorization request, in characters. */
    longestQuery: createCount(4096),
    /** Whether ID tokens are signed with a key of the app, which is listed only with `?appid=`. */
    appKeys: createSwitch(false),
    keyList: createChoice(keyLists),
  };
}

/** What is in tokens, and in the answer that brings them. */
function tokenContents() {
  return {
    /** Life of access tokens; Microsoft Entra ID gives 60 to 90 minutes, 28 hours with CAE. */
    accessTokenSeconds: createCount(3600),
    idTokenSeconds: createCount(3600),
    /** How many characters are added to ID tokens. */
    idTokenPadding: createCount(0),
    /** Groups of each person that are sent as roles, besides the app roles. */
    groupRoles: createCount(0),
    /** Whether `roles` is one text, the first of them, instead of a list. */
    rolesAsText: createSwitch(false),
    /** Whether tokens name groups: as the app has registered, whatever it has registered, or never. */
    groupClaims: createChoice(groupClaims),
    /** How many groups a token can name. */
    groupLimit: createCount(200),
    /** What a token says if there are more. */
    groupOverage: createChoice(overages),
    /** Whether tokens of Azure AD B2C have `oid`, and which claim names the user flow. */
    b2cObjectId: createSwitch(true),
    b2cFlowClaim: createChoice(flowClaims),
    /** What `scope` of a token answer says. */
    scopeForm: createChoice(scopeForms),
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

/** The forms of the control page that set these controls, by the last part of their addresses. */
export const faultForms = {
  provider: {
    legend: 'Provider',
    button: 'Set the provider',
    fields: {
      registration: 'What settings and registration disagree about',
      metadataOutage: 'Outage of the metadata',
      keysOutage: 'Outage of the keys',
      dateAheadSeconds: 'Seconds that its clock is ahead (less than 0: behind)',
    },
  },
  tokens: {
    legend: 'Token endpoint',
    fields: {
      accessTokenSeconds: 'Life of access tokens, in seconds',
      tokenError: 'Refusal',
      tokenOutage: 'Outage',
      tokenDelayMs: 'Delay, in milliseconds',
      tokenTimes: 'How many requests (refusal, outage, delay)',
    },
  },
  refusals: {
    legend: 'Refusals',
    button: 'Set the refusals',
    fields: {
      signInError: 'Refusal of sign-ins',
      signInTimes: 'How many sign-ins',
      errorLayout: 'Separator in descriptions',
      errorUri: 'Host of error_uri',
      policyClaims: 'with claims that name the policies',
    },
  },
  groups: {
    legend: 'Groups',
    button: 'Set the groups',
    fields: { groupClaims: 'Tokens name groups', groupLimit: 'At most' },
  },
  b2c: {
    legend: 'Azure AD B2C',
    button: 'Set the tokens of B2C',
    fields: { b2cObjectId: 'Tokens have oid', b2cFlowClaim: 'The user flow is the claim' },
  },
} as const satisfies Readonly<Record<string, FaultForm<keyof EntraFaults>>>;

/** A refusal that can be asked for. In a form: one of those that are known, and the one that is set now. */
function createOrder(): Control<Order> {
  return createControl<Order>(null, isOrdered, orderedRefusalInWords, {
    kind: 'choice',
    options: (value) => refusalOptions(codeOf(value)),
    show: codeOf,
    read: (form, name) => {
      const text = textOf(form, name);
      if (text === '') return null;
      return /^\d+$/.test(text) ? Number(text) : text;
    },
  });
}

/** The code of the refusal that is set; '' for none. */
function codeOf(order: unknown): string {
  return isOrdered(order) ? String(readOrder(order)?.code ?? '') : '';
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
