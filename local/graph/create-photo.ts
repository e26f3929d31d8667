import { crc32, deflateSync } from 'node:zlib';

const size = 96;

/** A small portrait as PNG bytes (ISO/IEC 15948): head and shoulders on a coloured ground. */
export function createPhoto(): Buffer {
  const rows = Array.from({ length: size }, (_, y) => {
    const pixels = Array.from({ length: size }, (_unused, x) => colourAt(x, y)).flat();
    return Buffer.from([0, ...pixels]); // each row begins with its filter: none
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits a channel, RGB
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colourAt(x: number, y: number): number[] {
  const isHead = (x - 48) ** 2 + (y - 38) ** 2 < 17 ** 2;
  const isShoulders = (x - 48) ** 2 + ((y - 96) * 0.9) ** 2 < 34 ** 2;
  return isHead || isShoulders ? [245, 239, 230] : [36, 92 + Math.floor(y / 2), 150];
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}
