import { isDeepStrictEqual } from 'node:util';
import { type Az, AzFailure } from '../../scripts/deploy/az.mjs';
import { isObject } from '../../src/bodies';
import { refuseUnknown } from '../scripts/az-arguments';

export type Json = Record<string, unknown>;

/** What the tenant refuses: commands or requests that begin so, as in `PATCH applications`. */
export interface Fault {
  readonly on: string;
  /** How often; always when left out. */
  times?: number;
  /** What Graph answers, as az tells it. */
  readonly status?: 'Bad Request' | 'Forbidden' | 'Not Found';
  readonly code?: string;
  readonly message?: string;
  /** In place of an answer of Graph: what az itself says. */
  readonly said?: string;
  /** The request is carried out, but this is what comes back. */
  readonly answers?: unknown;
  /** What somebody does meanwhile. */
  readonly meanwhile?: () => void;
}

export interface Application extends Json {
  readonly id: string;
  readonly appId: string;
  uniqueName?: string;
  appRoles: Json[];
  web: Json;
  passwordCredentials: Json[];
  federatedIdentityCredentials: Json[];
}

export const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
export const graphPrincipalId = 'f0000003-0000-4000-8000-0000000a99a9';
const graphAppId = '00000003-0000-0000-c000-000000000000';
const graphNames = [graphAppId, 'https://graph.microsoft.com'];

/**
 * An Azure CLI before a tenant of its own, which takes what learn.microsoft.com/graph/api documents in the forms that entra-app.mjs needs, and
 * refuses what Graph refuses.
 */
export class FakeGraph {
  graph = 'https://graph.microsoft.com/';
  authority = 'https://login.microsoftonline.com';
  applications: Application[] = [];
  servicePrincipals: Json[] = [
    { id: graphPrincipalId, appId: graphAppId, servicePrincipalNames: graphNames },
  ];
  assignments: Json[] = [];
  grants: Json[] = [];
  faults: Fault[] = [];
  /** Every command, as one line. */
  readonly commands: string[] = [];
  #secrets = 0;
  #ids = 0;

  readonly az: Az = async (args, { input = '' } = {}) => {
    this.commands.push(args.join(' '));
    refuseUnknown(args);
    await Promise.resolve();
    return this.#run(args, input);
  };

  /** Requests that were sent, as in `PATCH applications/...`, without those that only read. */
  writes(): readonly string[] {
    const form = /^rest --method (?!GET)(\S+) --url https:\/\/[^/]+\/v1\.0\/(\S+)/;
    return this.commands.flatMap((line) => form.exec(line)?.slice(1, 3).join(' ') ?? []);
  }

  #run(args: readonly string[], input: string): unknown {
    const option = (name: string) =>
      (args.includes(name) ? args[args.indexOf(name) + 1] : '') ?? '';
    const path = decodeURIComponent(option('--url').replace(/^https:\/\/[^/]+\/v1\.0\//, ''));
    const line = `${option('--method') || args.slice(0, 2).join(' ')} ${path}`.trim();
    const fault = this.faults.find(({ on, times }) => line.startsWith(on) && times !== 0);
    if (fault?.times !== undefined) fault.times -= 1;
    fault?.meanwhile?.();
    if (fault?.said !== undefined) throw new AzFailure(fault.said);
    if (fault?.status !== undefined) refuse(fault.message ?? '', fault.code, fault.status);
    const isRead = !/^(PATCH|POST)/.test(line);
    if (isRead && fault !== undefined && 'answers' in fault) return fault.answers;
    if (line === 'account show') return [tenantId, 'ada@contoso.com'];
    if (line === 'cloud show') return [this.graph, this.authority];
    if (!option('--url').startsWith(`${this.graph.replace(/\/$/, '')}/v1.0/`)) {
      throw new Error(line);
    }
    const body: unknown = input === '' ? {} : JSON.parse(input);
    if (input !== '' && !args.includes('Content-Type=application/json')) refuse('no content type');
    const sent = isObject(body) ? body : {};
    const answer = this.#answer(line, sent, args.includes('Prefer=create-if-missing'));
    if (fault !== undefined && 'answers' in fault) return fault.answers;
    // A copy, as every answer of az is.
    return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown);
  }

  #answer(line: string, body: Json, isUpsert: boolean): unknown {
    for (const [form, act] of this.#routes(body, isUpsert)) {
      const parts = form.exec(line);
      if (parts !== null) return act(parts[1] ?? '', parts[2] ?? '');
    }
    return refuse(`${line}: no such form in the documentation`);
  }

  #routes(body: Json, isUpsert: boolean): [RegExp, (one: string, other: string) => unknown][] {
    const form = (text: string) => new RegExp(`^${text.replaceAll('ID', '([0-9a-f-]{36})')}$`);
    const by = (key: string, value: string) => this.applications.find((one) => one[key] === value);
    const application = (key: string, value: string) => by(key, value) ?? missing(value);
    const principalBy = (key: string, value: string) =>
      this.servicePrincipals.find((one) => one[key] === value);
    /** Makes one, or changes the one that is there and answers nothing. */
    const upsert = (all: Json[], held: Json | undefined, made: Json) => {
      if (held === undefined && !isUpsert) missing('it');
      if (held === undefined) all.push(made);
      else Object.assign(held, body);
      return held === undefined ? made : undefined;
    };
    const upsertApplication = (name: string) => {
      const there = by('uniqueName', name);
      if (there === undefined && !isUpsert) missing(name);
      const made = there ?? this.#made(name);
      update(made, body);
      return there === undefined ? shown(made) : undefined;
    };
    const patchApplication = (one: string) => {
      update(application('id', one), body);
    };
    const addPassword = (one: string) => {
      const secretText = `s${String((this.#secrets += 1)).padStart(2, '0')}~secret`;
      const sent = isObject(body['passwordCredential']) ? body['passwordCredential'] : {};
      const made = { ...sent, keyId: this.#id(), hint: secretText.slice(0, 3) };
      application('id', one).passwordCredentials.push(made);
      return { ...made, secretText };
    };
    const credentials = (one: string) => application('id', one).federatedIdentityCredentials;
    const trust = (one: string, name: string) => {
      const held = credentials(one).find((each) => each['name'] === name);
      // https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
      const { issuer, subject } = body;
      const isTwin = (each: Json) => isDeepStrictEqual({ ...each, issuer, subject }, each);
      if (credentials(one).some((each) => each !== held && isTwin(each))) refuse('already exists');
      return upsert(credentials(one), held, { name, ...body });
    };
    const upsertPrincipal = (appId: string) => {
      application('appId', appId);
      const made = { id: this.#id(), appId, ...body };
      return upsert(this.servicePrincipals, principalBy('appId', appId), made);
    };
    const assign = (one: string) => {
      const { appId } = principalBy('id', one) ?? missing(one);
      const { appRoles } = application('appId', String(appId));
      if (!appRoles.some((role) => role['id'] === body['appRoleId'])) {
        refuse('Permission being assigned was not found on application');
      }
      if (this.assignments.some((held) => isDeepStrictEqual(held, body))) {
        refuse('Permission being assigned already exists on the object');
      }
      return this.assignments.push(body) && body;
    };
    const assigned = (one: string, skip: string) => {
      const address = `${this.graph}v1.0/servicePrincipals/${one}/appRoleAssignedTo`;
      const held = this.assignments.filter(({ resourceId }) => resourceId === one);
      return page(held, address, Number(skip));
    };
    const grantsOf = (one: string) => this.grants.filter(({ clientId }) => clientId === one);
    const grant = (id: string) => this.grants.find((one) => one['id'] === id) ?? missing(id);
    const principalsNamed = (name: string) =>
      this.servicePrincipals.filter(({ servicePrincipalNames: names }) =>
        Array.isArray(names) ? names.includes(name.replaceAll("''", "'")) : false,
      );
    /** No second one for the same app, API and people. */
    const addGrant = () => {
      const { clientId, resourceId, consentType } = body;
      const isThere = this.grants.some((one) =>
        isDeepStrictEqual({ ...one, clientId, resourceId, consentType }, one),
      );
      if (isThere) refuse('Permission entry already exists.');
      const made = { id: this.#id(), ...body };
      return this.grants.push(made) && made;
    };
    const named = String.raw`applications\(uniqueName='([^']+)'\)`;
    const principal = String.raw`servicePrincipals\(appId='ID'\)`;
    const select = String.raw`(?:\?\$select=[A-Za-z,]+)?`;
    const skip = String.raw`(?:\?\$skiptoken=(\d+))?`;
    const trusted = 'applications/ID/federatedIdentityCredentials';
    return [
      [form(String.raw`GET me\?\$select=id`), () => ({ id: 'ada' })],
      [form(`GET ${named}${select}`), (name) => shown(application('uniqueName', name))],
      [form(`PATCH ${named}`), upsertApplication],
      [form('PATCH applications/ID'), patchApplication],
      [form('POST applications/ID/addPassword'), addPassword],
      [form(`GET ${trusted}`), (one) => page(credentials(one), '')],
      [form(String.raw`PATCH ${trusted}\(name='([^']+)'\)`), trust],
      [form(`GET ${principal}${select}`), (one) => principalBy('appId', one) ?? missing(one)],
      [form(`PATCH ${principal}`), upsertPrincipal],
      [form(`GET servicePrincipals/ID/appRoleAssignedTo${skip}`), assigned],
      [form('POST servicePrincipals/ID/appRoleAssignedTo'), assign],
      [form('GET servicePrincipals/ID/oauth2PermissionGrants'), (one) => page(grantsOf(one), '')],
      [form('POST oauth2PermissionGrants'), addGrant],
      [
        new RegExp(String.raw`^GET servicePrincipals\?\$filter=${nameFilter}&\$select=id$`),
        (name) => page(principalsNamed(name), ''),
      ],
      [form('PATCH oauth2PermissionGrants/ID'), (id) => void Object.assign(grant(id), body)],
    ];
  }

  #made(uniqueName: string): Application {
    const credentials = { passwordCredentials: [], federatedIdentityCredentials: [] };
    const made = {
      id: this.#id(),
      appId: this.#id(),
      uniqueName,
      appRoles: [],
      web: {},
      ...credentials,
    };
    this.applications.push(made);
    return made;
  }

  #id(): string {
    return `${String((this.#ids += 1)).padStart(8, '0')}-0000-4000-8000-0000000a99a9`;
  }
}

/** As az gives a refusal of Graph: the status text and the body. */
function refuse(message: string, code = 'Request_BadRequest', status = 'Bad Request'): never {
  throw new AzFailure(`ERROR: ${status}(${JSON.stringify({ error: { code, message } })})`);
}

function missing(what: string): never {
  return refuse(`Resource '${what}' does not exist`, 'Request_ResourceNotFound', 'Not Found');
}

/** Without what Graph gives to nobody, and with what may not be sent back. */
function shown({ appRoles, passwordCredentials, ...application }: Application): Json {
  return {
    ...application,
    appRoles: appRoles.map((role) => ({ ...role, origin: 'Application' })),
    passwordCredentials: passwordCredentials.map((one) => ({ ...one, secretText: null })),
  };
}

function update(application: Application, { web, ...changes }: Json): void {
  if ('passwordCredentials' in changes || 'appId' in changes) refuse('read-only');
  const next = { ...application, ...changes };
  const [roles, scopes] = [rolesOf(next), scopesOf(next)];
  if ('appRoles' in changes && roles.some((role) => 'origin' in role)) {
    refuse('origin is read-only');
  }
  keepsEnabled(rolesOf(application), roles);
  keepsEnabled(scopesOf(application), scopes);
  refuseValues([...roles, ...scopes]);
  Object.assign(application, changes, {
    web: { ...application.web, ...(isObject(web) ? web : {}) },
  });
}

const nameFilter = String.raw`servicePrincipalNames/any\(n:n eq '((?:[^']|'')+)'\)`;
const rolesOf = ({ appRoles }: Json): readonly Json[] => objects(appRoles);
const scopesOf = ({ api }: Json): readonly Json[] =>
  objects(isObject(api) ? api['oauth2PermissionScopes'] : []);

function objects(list: unknown): readonly Json[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function keepsEnabled(held: readonly Json[], next: readonly Json[]): void {
  for (const { id, value, isEnabled } of held) {
    if (isEnabled === true && !next.some((one) => one['id'] === id && one['value'] === value)) {
      refuse('cannot be updated unless disabled first', 'CannotDeleteOrUpdateEnabledEntitlement');
    }
  }
}

/**
 * A role and a scope may have one value only where they are the same in all, the id too.
 * @see https://learn.microsoft.com/graph/api/resources/approle and https://github.com/MicrosoftDocs/azure-docs/issues/81899
 */
function refuseValues(all: readonly Json[]): void {
  const ids = new Map<string, unknown>();
  for (const { id, value } of all) {
    if (!/^(?!\.)[!#-[\]-~]{1,120}$/.test(String(value))) refuse('Invalid value');
    const key = String(value).toLowerCase();
    if ((ids.get(key) ?? id) !== id) {
      refuse('It contains duplicate value. Please Provide unique value.');
    }
    ids.set(key, id);
  }
}

/** Two at a time. */
function page(values: readonly Json[], address: string, skip = 0): Json {
  const next =
    skip + 2 < values.length ? { '@odata.nextLink': `${address}?$skiptoken=${skip + 2}` } : {};
  return { value: values.slice(skip, skip + 2), ...next };
}
