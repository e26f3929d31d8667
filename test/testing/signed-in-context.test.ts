import { HttpRequest, InvocationContext } from '@azure/functions';
import type { CallerHandler, SignedInHandler } from '../../src/handler';
import { createSignedInContext, createTokenContext } from '../../src/testing';

const request = new HttpRequest({ method: 'GET', url: 'http://localhost:7071/api/groups' });

/** As a team writes it. */
const groups: SignedInHandler = async (_request, context) => {
  const { user, callApi } = context;
  context.log('groups of', user.username);
  const answer = await callApi('graph', '/me/memberOf');
  if (!answer.ok) return { status: 502 };
  const found: unknown = await answer.json();
  return { jsonBody: { user: user.name, roles: user.roles, groups: found } };
};

describe('createSignedInContext', () => {
  it('gives a handler who is signed in, and answers of an API', async () => {
    const lines: string[] = [];
    const context = createSignedInContext({
      user: { name: 'Grace Hopper' },
      roles: ['reader'],
      callApi: (api, path) =>
        Promise.resolve(Response.json([`${api} ${path instanceof Request ? path.url : path}`])),
      onLog: (line) => lines.push(line),
    });
    expect(await groups(request, context)).toEqual({
      jsonBody: { user: 'Grace Hopper', roles: ['reader'], groups: ['graph /me/memberOf'] },
    });
    expect(lines).toEqual(['groups of ada@contoso.example']);
  });

  it('is an invocation of Azure’s own, with a session that lives', async () => {
    const context = createSignedInContext();
    expect(context).toBeInstanceOf(InvocationContext);
    const { createdAt, idleExpiresAt, expiresAt } = context.session;
    expect([idleExpiresAt - createdAt, expiresAt - createdAt]).toEqual([3600, 3600]);
    expect([context.user.roles, context.signal.aborted]).toEqual([[], false]);
    expect(await context.accessToken()).toBe('test-access-token');
  });

  it('keeps data as a session does', async () => {
    const { session } = createSignedInContext({ data: { visits: 1 } });
    const more = await session.update(({ visits }) => ({ visits: Number(visits) + 1 }));
    expect([more, session.data]).toEqual([{ visits: 2 }, { visits: 2 }]);
    expect(await session.update({ plan: 'pro' })).toEqual({ plan: 'pro' });
    await expect(session.update({ text: 'a'.repeat(8192) })).rejects.toThrow(RangeError);
    expect([session.data, createSignedInContext().session.data]).toEqual([{ plan: 'pro' }, {}]);
  });

  it('fails a test whose handler calls an API that the test does not know', async () => {
    await expect(groups(request, createSignedInContext())).rejects.toThrow(
      'The handler calls graph /me/memberOf. Give createSignedInContext a callApi',
    );
  });
});

describe('createTokenContext', () => {
  const whoCalls: CallerHandler = (_request, { user, client, session }) => ({
    jsonBody: [user?.name, client?.id, session !== undefined],
  });

  it('gives a handler an app for itself, or a person through an app', async () => {
    const daemon = createTokenContext({ client: { id: 'the daemon', roles: ['Notes.Read.All'] } });
    expect(await whoCalls(request, daemon)).toEqual({ jsonBody: [undefined, 'the daemon', false] });
    const person = createTokenContext({ user: { name: 'Grace Hopper' } });
    expect(await whoCalls(request, person)).toEqual({
      jsonBody: ['Grace Hopper', 'client-id-of-a-caller', false],
    });
    const browser = createSignedInContext();
    expect(await whoCalls(request, browser)).toEqual({
      jsonBody: ['Ada Lovelace', undefined, true],
    });
  });
});
