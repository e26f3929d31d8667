import type { HttpMethod, HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import type { EndpointOptions } from './endpoint';
import { endpoint } from './endpoint';
import type { Handler } from './exchange';
import { isOffice } from './request-kind';

interface Served extends EndpointOptions {
  readonly route: string;
  /** Answers GET, and so HEAD and OPTIONS too. */
  readonly get?: Handler;
  readonly post?: Handler;
}

/**
 * Registers a function of ours with the Functions host, which answers 404 to a method that is not listed: monitors,
 * Front Door's probes and Office ask by HEAD (RFC 9110 section 9.1 wants it wherever there is GET), Office by OPTIONS too.
 * The host cuts the body of an answer to HEAD.
 * @param name the function's, unique in the app
 */
export function serve(name: string, { route, get, post, ...options }: Served): void {
  const methods: HttpMethod[] = [
    ...(get === undefined ? [] : (['GET', 'HEAD', 'OPTIONS'] as const)),
    ...(post === undefined ? [] : (['POST'] as const)),
  ];
  const read = get === undefined ? undefined : withOptions(get, methods);
  const handler: Handler = (exchange) => {
    const chosen = exchange.request.method === 'POST' ? post : read;
    // The host lets no other method in than those listed.
    return chosen === undefined ? { status: 405 } : chosen(exchange);
  };
  app.http(name, { methods, route, authLevel: 'anonymous', handler: endpoint(handler, options) });
}

/** OPTIONS lists the methods (RFC 9110 section 9.3.7) and gives other origins no rights. */
function withOptions(get: Handler, methods: readonly HttpMethod[]): Handler {
  return (exchange): Promise<HttpResponseInit> | HttpResponseInit => {
    const { request } = exchange;
    if (request.method !== 'OPTIONS' || isOffice(request)) return get(exchange);
    return { status: 204, headers: { Allow: methods.join(', ') } };
  };
}
