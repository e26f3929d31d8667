import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { loginFunction } from '../../src/functions/login';
import { redirectFunction } from '../../src/functions/redirect';
import type { Services } from '../../src/http/context';
import { type HttpFunction, serve } from '../../src/http/endpoint';

/** An answer of a function, as a client sees it. */
export interface FunctionAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The code of problem details; '' in every other answer. */
  readonly code: string;
  /** Names of the cookies that it sets, not those that it clears. */
  readonly sets: readonly string[];
}

interface Asked {
  readonly query?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A browser in front of functions that run in this process, without a host. It keeps cookies. `services` is the instance
 * that answers; set it to send the next request to another one. Errors come as problem details.
 */
export class FunctionBrowser {
  readonly cookies = new Map<string, string>();

  constructor(public services: Services) {}

  /** With a form it is a POST of our own page, else a GET. */
  async ask(
    asked: HttpFunction,
    { query = '', form, headers }: Asked = {},
  ): Promise<FunctionAnswer> {
    const own = form === undefined ? {} : { 'sec-fetch-site': 'same-origin', 'x-csrf': '1' };
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const request = new HttpRequest({
      method: form === undefined ? 'GET' : 'POST',
      url: `http://10.0.0.1/auth/${asked.route}${query === '' ? '' : `?${query}`}`,
      headers: {
        accept: 'application/json',
        ...own,
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: { string: body } }),
    });
    const invocation = new InvocationContext({ functionName: 'test', logHandler: () => undefined });
    const { services } = this;
    return this.#keep(await serve(() => services, asked).handler(request, invocation));
  }

  /** Begins a sign-in: where the browser is sent, at the provider. */
  async login(): Promise<URL> {
    const { status, headers } = await this.ask(loginFunction, { query: 'return_to=/reports' });
    if (status !== 302) throw new Error(`login answered ${status}`);
    return new URL(headers.get('location') ?? '');
  }

  /** Brings an answer of the provider back, after the hop. */
  redirect(answer: Readonly<Record<string, string>>): Promise<FunctionAnswer> {
    const query = new URLSearchParams({ hop: '1', ...answer }).toString();
    return this.ask(redirectFunction, { query });
  }

  #keep(answer: HttpResponseInit): FunctionAnswer {
    const { cookies = [], status = 200 } = answer;
    for (const { name, value, maxAge } of cookies) {
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const json: unknown = answer.jsonBody;
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(json ?? '');
    const headers = new Headers(answer.headers);
    const code = /"code":"([A-Z_]+)"/.exec(body)?.[1] ?? '';
    const sets = cookies.filter(({ maxAge }) => maxAge !== 0).map(({ name }) => name);
    return { status, headers, body, code, sets };
  }
}

/** The session cookie on the port of these tests. */
export const sessionCookie = 'anteroom-7071';
