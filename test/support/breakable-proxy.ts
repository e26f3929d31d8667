import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `hang` takes what is sent and answers nothing, `refuse` drops connections, `cut` drops them after some bytes of a request. */
type Fault = 'none' | 'hang' | 'refuse' | { readonly cutAfterBytes: number };

export interface BreakableProxy {
  readonly port: number;
  /** From now on; connections that are open are dropped, so that none is left over from before. */
  suffer(fault: Fault): void;
  close(): Promise<void>;
}

/** Passes bytes on to `targetPort` on loopback, until it is told to break. */
export async function startBreakableProxy(targetPort: number): Promise<BreakableProxy> {
  let fault: Fault = 'none';
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    track(socket);
    if (fault === 'refuse') {
      socket.destroy();
    } else if (fault === 'hang') {
      socket.resume();
    } else {
      passOn(socket, targetPort, fault === 'none' ? Infinity : fault.cutAfterBytes, track);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    suffer: (next) => {
      fault = next;
      dropAll();
    },
    close: async () => {
      dropAll();
      server.close();
      await once(server, 'close');
    },
  };
}

function passOn(socket: Socket, port: number, maxBytes: number, track: (s: Socket) => void): void {
  const onwards = connect(port, '127.0.0.1');
  track(onwards);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) {
      onwards.write(chunk);
      return;
    }
    // What is still within the limit arrives, then both ends see the connection go.
    onwards.write(chunk.subarray(0, Math.max(0, maxBytes - (bytes - chunk.length))));
    setTimeout(() => {
      onwards.destroy();
      socket.destroy();
    }, 50);
  });
  onwards.pipe(socket);
  socket.on('close', () => onwards.destroy());
  onwards.on('close', () => socket.destroy());
}
