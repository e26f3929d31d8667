// A small app for the tests of the local host. It uses the real @azure/functions.
const { app } = require('@azure/functions');

const anyMethod = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'];

async function echo(request, context) {
  const body = Buffer.from(await request.arrayBuffer());
  return {
    jsonBody: {
      method: request.method,
      url: request.url,
      query: Object.fromEntries(request.query),
      params: request.params,
      headers: Object.fromEntries(request.headers),
      body: body.toString(),
      bodyLength: body.length,
      functionName: context.functionName,
      invocationId: context.invocationId,
      traceContext: context.traceContext,
    },
  };
}

app.http('echo', { route: 'echo/{*rest}', methods: anyMethod, handler: echo });
app.http('DefaultMethods', { handler: echo });
app.http('postOnly', { route: 'post-only', methods: ['POST'], handler: echo });
app.http('typed', { route: 'typed/{id:int}', handler: echo });
app.http('optional', { route: 'optional/{id?}', handler: echo });
app.http('file', { route: 'files/{name}.{extension}', handler: echo });
app.http('cased', { route: 'Cased/Path', handler: echo });
app.http('keyed', { route: 'keyed', authLevel: 'function', handler: echo });

// Registered first, but tried after `B-wild`, whose name comes first in the alphabet.
app.http('c-special', { route: 'order/special', handler: echo });
app.http('B-wild', { route: 'order/{id}', handler: echo });
app.http('d-by-method', { route: 'by-method', methods: ['POST'], handler: echo });
app.http('a-by-method', { route: 'by-method', methods: ['GET'], handler: echo });

app.http('refusedAdmin', { route: 'administrator/x', handler: echo });
app.http('refusedRuntime', { route: 'runtime', handler: echo });
// Registered before `shared-a`, which has the route all the same: its name comes first in the alphabet.
app.http('shared-b', { route: 'Shared/route', methods: ['GET'], handler: echo });
app.http('Shared-A', { route: 'shared/Route', methods: ['GET', 'PUT'], handler: echo });
app.http('range', { route: 'range/{from}-{to}.{ext?}', handler: echo });
app.http('refusedOptional', { route: 'range/{a?}-{b}', handler: echo });

const responses = {
  json: () => ({ jsonBody: { a: 1 } }),
  text: () => ({ body: 'text' }),
  bytes: () => ({ body: Buffer.from([1, 2, 3]) }),
  nothing: () => undefined,
  null: () => ({ jsonBody: null }),
  number: () => 7,
  string: () => 'text',
  status: () => ({ status: 99 }),
  teapot: () => ({ status: 418 }),
  throws: () => {
    throw new Error('the handler broke', { cause: new Error('the reason why') });
  },
  length: () => ({ body: 'text', headers: { 'content-length': '4' } }),
  wrongLength: () => ({ body: 'text', headers: { 'content-length': '5' } }),
  nonAscii: () => ({ headers: { 'x-name': 'caf\u00e9' } }),
  repeated: () => ({
    headers: [
      ['x-many', 'a'],
      ['x-many', 'b'],
    ],
  }),
  badCookie: () => ({ cookies: [{ name: 'bad name', value: 'x' }] }),
  cookies: () => ({
    cookies: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  }),
  headerCookies: () => ({
    headers: [
      ['set-cookie', 'x=1; Path=/'],
      ['set-cookie', 'y=2; Path=/'],
    ],
    cookies: [{ name: 'z', value: '3' }],
  }),
  allAttributes: () => ({
    cookies: [
      {
        name: '__Host-all',
        value: "a=b+c/d!e*f(g)h'i%j.k-l_m~n",
        expires: new Date(1_800_000_000_000),
        maxAge: 60.9,
        domain: 'example.test',
        path: '/sub',
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
      },
    ],
  }),
  epoch: () => ({ cookies: [{ name: 'a', value: '', expires: new Date(0) }] }),
  epochSecond: () => ({ cookies: [{ name: 'a', value: '', expires: new Date(1000) }] }),
  maxAgeZero: () => ({ cookies: [{ name: 'a', value: '', maxAge: 0 }] }),
  stringExpires: () => ({ cookies: [{ name: 'a', value: '', expires: 'tomorrow' }] }),
  user: (request) => ({ jsonBody: { user: request.user } }),
};

app.http('respond', {
  route: 'respond/{name}',
  methods: anyMethod,
  handler: (request) => responses[request.params.name](request),
});

app.http('logs', {
  route: 'logs',
  handler: (_request, context) => {
    context.log('said by log', { a: 1 });
    context.warn('said by warn');
    context.error('said by error');
    context.debug('said by debug');
    console.error('said by console.error');
    return { body: 'logged' };
  },
});

// Nobody waits for these errors.
const faultsLater = {
  thrown: () =>
    setTimeout(() => {
      throw new Error('thrown after the answer');
    }, 0),
  rejected: () => void Promise.reject(new Error('rejected after the answer')),
};
app.http('later', {
  route: 'later/{kind}',
  handler: ({ params }) => {
    faultsLater[params.kind]();
    return { body: 'answered' };
  },
});

app.http('slow', {
  route: 'slow',
  handler: async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { body: 'done' };
  },
});

const ticks = { tick: [], second: [] };
app.http('ticks', { route: 'ticks', handler: () => ({ jsonBody: ticks }) });
app.timer('tick', {
  schedule: '0 0 0 1 1 *',
  handler: (timer, context) => {
    ticks.tick.push(timer);
    context.log('ticked');
  },
});
app.timer('second', {
  schedule: '%EVERY_SECOND%',
  handler: (timer) => {
    ticks.second.push(timer);
  },
});
app.storageQueue('queued', {
  queueName: 'q',
  connection: 'AzureWebJobsStorage',
  handler: () => undefined,
});
app.http('switchedOff', { route: 'switched-off', handler: echo });
app.timer('brokenTimer', { schedule: 'whenever', handler: () => undefined });

app.hook.preInvocation((context) => {
  if (context.invocationContext.functionName === 'hooked') {
    context.hookData.before = 'before';
  }
});
app.hook.postInvocation((context) => {
  if (context.invocationContext.functionName === 'hooked') {
    context.result = { body: `${context.hookData.before} and after` };
  }
});
app.http('hooked', { route: 'hooked', handler: () => ({ body: 'own' }) });
app.http('settings', {
  route: 'settings',
  handler: () => ({
    jsonBody: { shared: process.env.SHARED_SETTING, file: process.env.FILE_SETTING },
  }),
});

app.http('folder', { route: 'folder', handler: () => ({ body: process.cwd() }) });
