import * as v from 'valibot';
import { textOf } from '../loopback/control';
import { ChoiceField, FieldsForm, TextField } from '../loopback/control-page';
import { appTokenClaims, keyOfTenant, type TokenIssuer, userTokenClaims } from './access-tokens';
import type { Directory } from './accounts';
import type { SeededUser } from './users';
import {
  type ExposedApi,
  findApi,
  type RegisteredClient,
  type RegisteredClients,
} from './registrations';
import { signings, signToken } from './signing-keys';

interface Context {
  readonly directory: Directory;
  readonly clients: RegisteredClients;
  readonly issuer: TokenIssuer;
}

const texts = v.array(v.pipe(v.string(), v.minLength(1)));

const orderSchema = v.strictObject({
  /** Object id or user name. Without it, the token is an app's own. */
  user: v.optional(v.string()),
  /** App ID URI or client id of the API: the main app's by default. */
  api: v.optional(v.string()),
  /** Client id of the app that gets the token. */
  client: v.optional(v.string()),
  /** All scopes of the API by default. */
  scopes: v.optional(texts),
  /** What the app was granted by default. */
  roles: v.optional(texts),
  version: v.optional(v.picklist([1, 2])),
  /** Life; a negative number gives a token that has expired. */
  seconds: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** Claims to set; null removes one. */
  claims: v.optional(v.record(v.string(), v.unknown())),
  signing: v.optional(v.picklist(signings)),
});

type Order = v.InferOutput<typeof orderSchema>;

/** What a request for a token may say. It is the answer to a request that makes no sense. */
const orderInWords = `{ user?, api?, client?, scopes?, roles?, version?: 1 or 2, seconds?, claims?, signing?: one of ${signings.join(', ')} }`;

/** Access tokens for an API of the tenant, without a sign-in: for a command line, a daemon, a test. */
export interface BearerTokens {
  /** Gives the token and its claims, or why there is none. */
  issue(input: unknown): Promise<IssuedToken | { readonly fault: string }>;
  /** Issues the token that the form of the control page asks for. */
  take(form: URLSearchParams): Promise<string | undefined>;
  /** App ID URIs of the APIs that there are. */
  readonly apis: readonly string[];
  /** The last token that the form has asked for. */
  readonly last: IssuedToken | undefined;
}

interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The control page and `POST /control/bearer-token` issue these tokens. They look like those of the token endpoint. */
export function createBearerTokens(standIn: Context): BearerTokens {
  let last: IssuedToken | undefined;
  const issue: BearerTokens['issue'] = async (input) => {
    const order = v.safeParse(orderSchema, input);
    if (!order.success) return { fault: `An order is ${orderInWords}.` };
    return issueToken(standIn, order.output);
  };
  return {
    issue,
    async take(form) {
      const [user, roles] = [textOf(form, 'user'), words(textOf(form, 'roles'))];
      const scopes = words(textOf(form, 'scopes'));
      const api = textOf(form, 'api');
      const issued = await issue({
        ...(user === '' ? {} : { user }),
        ...(api === '' ? {} : { api }),
        ...(scopes.length === 0 ? {} : { scopes }),
        ...(roles.length === 0 ? {} : { roles }),
        version: textOf(form, 'version') === '1' ? 1 : 2,
      });
      if ('fault' in issued) return issued.fault;
      last = issued;
      return undefined;
    },
    apis: standIn.issuer.apis.map(({ uri }) => uri),
    get last() {
      return last;
    },
  };
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

async function issueToken(
  { directory, clients, issuer }: Context,
  order: Order,
): Promise<IssuedToken | { readonly fault: string }> {
  const api = findApi(issuer.apis, order.api ?? issuer.mainClientId);
  if (api === undefined) return { fault: 'No app exposes that API.' };
  const user = directory
    .list()
    .find((each) => order.user !== undefined && directory.isNamed(each, order.user));
  if (order.user !== undefined && user === undefined) return { fault: 'There is no such account.' };
  const client = clients.find(order.client ?? usualClient(clients, api, user)?.id);
  if (client === undefined) return { fault: 'There is no such app.' };

  const ofVersion = { ...api, tokenVersion: order.version ?? api.tokenVersion };
  const apis = issuer.apis.map((each) => (each === api ? ofVersion : each));
  const claims = claimsOf({ ...issuer, apis }, { api, user, client, order });
  const signing = order.signing ?? 'rs256';
  const { keys } = issuer;
  const key = await keyOfTenant(keys, user?.tenantId);
  const parts = { keys, key, clientSecret: client.secret };
  return {
    access_token: await signToken(claims, signing, parts),
    token_type: 'Bearer',
    claims,
  };
}

/** A command line for a person, and for no person an app that was granted something. */
function usualClient(
  { all }: RegisteredClients,
  { uri }: ExposedApi,
  user: SeededUser | undefined,
): RegisteredClient | undefined {
  const found =
    user === undefined
      ? all.find(({ appPermissions = {} }) => Object.hasOwn(appPermissions, uri))
      : all.find(({ isPublic }) => isPublic === true);
  return found ?? all[0];
}

function claimsOf(
  issuer: TokenIssuer,
  options: {
    readonly api: ExposedApi;
    readonly user: SeededUser | undefined;
    readonly client: RegisteredClient;
    readonly order: Order;
  },
): Readonly<Record<string, unknown>> {
  const { api, user, client, order } = options;
  const now = Math.floor(Date.now() / 1000);
  const permissions = (order.scopes ?? api.scopes ?? []).map((name) => `${api.uri}/${name}`);
  const asked = { resources: [api.uri], permissions };
  const roles = order.roles ?? client.appPermissions?.[api.uri] ?? [];
  const usual =
    user === undefined
      ? appTokenClaims(issuer, { client, resource: api.uri, tenantId: issuer.tenantId, roles, now })
      : {
          ...userTokenClaims(issuer, {
            client,
            user,
            asked,
            agreed: [],
            acrs: [],
            authTime: now,
            now,
          }),
          ...(order.roles === undefined ? {} : { roles: order.roles }),
        };
  const exp = order.seconds === undefined ? usual.exp : now + order.seconds;
  const changed = Object.entries<unknown>({ ...usual, exp, ...order.claims });
  return Object.fromEntries(changed.filter(([, value]) => value !== null));
}

/** The form of the control page, and the token that it issued last. */
export function BearerTokenForm(props: {
  readonly tokens: BearerTokens;
  readonly users: readonly SeededUser[];
}) {
  const { tokens, users } = props;
  return (
    <>
      <div class="grid">
        <FieldsForm action="bearer-token" legend="A bearer token" button="Issue a token">
          <ChoiceField
            label="For"
            name="user"
            options={[
              ['', 'an app, without a person'],
              ...users.map(({ objectId, name }) => [objectId, name] as const),
            ]}
          />
          <ChoiceField
            label="Of the API"
            name="api"
            options={tokens.apis.map((uri) => [uri, uri] as const)}
          />
          <TextField label="Scopes of a person" name="scopes" placeholder="all" />
          <TextField label="Roles" name="roles" placeholder="as granted" />
          <ChoiceField
            label="Version of the token"
            name="version"
            options={[
              ['2', '2'],
              ['1', '1'],
            ]}
          />
        </FieldsForm>
      </div>
      {tokens.last === undefined ? null : (
        <p class="after">
          Send it as <code>Authorization: Bearer …</code>
          <br />
          <code>{tokens.last.access_token}</code>
        </p>
      )}
    </>
  );
}
