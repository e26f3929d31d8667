import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { readFrontEndUrl } from '../../../local/host/beside-functions';
import { send } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

/** As Vite's: pages, and a WebSocket that says back what it hears. */
let server: Server;
let host: HostProcess;
const sockets: Duplex[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.writeHead(request.url === '/gone' ? 410 : 200, { 'x-dev': '1' });
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body,
        }),
      );
    });
  });
  server.on('upgrade', (request, socket: Duplex) => {
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.push(socket);
    const { 'sec-websocket-protocol': protocol = '' } = request.headers;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    socket.on('data', (heard: Buffer) => socket.write(`heard ${heard.toString()}`));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = await startHost('usual', { args: ['--front-end', urlOf(server)] });
});
afterAll(async () => {
  await host.stop();
  for (const socket of sockets) socket.destroy();
  server.close();
});

const urlOf = (listening: Server) =>
  `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;

function upgrade(path: string): Promise<{ status: number; why?: unknown; socket?: Duplex }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...{ port: host.port, host: '127.0.0.1', path },
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Protocol': 'vite-hmr',
        Cookie: 'session=1',
      },
    });
    request.on('upgrade', ({ statusCode = 0 }, socket) => {
      resolve({ status: statusCode, socket });
    });
    request.on('response', ({ statusCode = 0, headers }) => {
      resolve({ status: statusCode, why: headers['x-why'] });
    });
    request.on('error', reject);
    request.end();
  });
}

describe('with --front-end the host', () => {
  it('answers with its functions as before', async () => {
    expect((await send(host.port, '/echo/a')).json()).toMatchObject({ functionName: 'echo' });
  });

  it('passes everything else to the development server, the page at / too', async () => {
    const answer = await send(host.port, '/src/main.jsx?t=1', {
      method: 'POST',
      headers: [
        ['Cookie', 'anteroom-7071=secret'],
        ['Host', 'localhost:7071'],
        ['X-Own', 'a'],
      ],
      body: 'text',
    });
    expect([answer.status, answer.headers['x-dev']]).toEqual([200, '1']);
    const got = answer.json() as { headers: Record<string, string> };
    expect(got).toMatchObject({ method: 'POST', url: '/src/main.jsx?t=1', body: 'text' });
    // Development servers tell by it that no page of another name asks.
    expect(got.headers).toMatchObject({ host: 'localhost:7071', 'x-own': 'a' });
    expect(got.headers).not.toHaveProperty('cookie');
    expect((await send(host.port, '/')).json()).toMatchObject({ url: '/' });
    expect((await send(host.port, '/gone')).status).toBe(410);
    expect((await send(host.port, '/admin/x')).status).toBe(401);
  });

  it('passes WebSockets on, in both directions', async () => {
    const { status, socket } = await upgrade('/?token=1');
    expect(status).toBe(101);
    const heard = new Promise((resolve) => socket?.once('data', resolve));
    socket?.write('hello');
    expect(String(await heard)).toBe('heard hello');
    const closed = new Promise((resolve) => socket?.once('close', resolve));
    sockets[0]?.destroy();
    await closed;
  });

  it('passes the refusal of a WebSocket on', async () => {
    expect(await upgrade('/refused')).toEqual({ status: 403, why: 'origin' });
  });

  it('leaves out functions that would answer in its place', async () => {
    const rooted = await startHost('rooted', { args: ['--front-end', urlOf(server)] });
    for (const path of ['/', '/else']) {
      expect((await send(rooted.port, path)).headers['x-dev']).toBe('1');
    }
    // Its end does not wait for an open WebSocket.
    await rooted.stop();
  });

  it('says so when nothing answers there', async () => {
    const silent = await startHost('rooted', { args: ['--front-end', 'http://127.0.0.1:9'] });
    const { status, body } = await send(silent.port, '/');
    expect([status, body.toString()]).toEqual([
      502,
      expect.stringContaining('Nothing answers at http://127.0.0.1:9. Start its server'),
    ]);
    await silent.stop();
  });

  it.each([
    '5173',
    'localhost:5173',
    'http://localhost:5173/app',
    'http://10.0.0.1:5173',
    'https://vite.example',
    'ftp://localhost',
  ])('refuses the address %s', (address) => {
    expect(() => readFrontEndUrl(address)).toThrow('--front-end takes the address of a');
  });

  it.each(['http://localhost:5173', 'http://localhost:5173/', 'http://[::1]:5173'])(
    'takes the address %s',
    (address) => {
      expect(readFrontEndUrl(address)).toBe(address.replace(/\/$/, ''));
    },
  );
});
