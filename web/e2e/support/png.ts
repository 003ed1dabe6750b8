// Makes a screenshot of ours smaller: pages have few colours, so 256 of them in a table do, at a third of the bytes.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS_MAX = 256;

interface Pixels {
  width: number;
  height: number;
  /** Red, green, blue of each. */
  rgb: Uint8Array;
}

export function small(png: Buffer): Buffer {
  const pixels = decode(png);
  return encode(pixels, index(pixels));
}

function decode(png: Buffer): Pixels {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const channels = png[25] === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const lines = unfilter(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let part = 0; part < 3; part += 1) rgb[pixel * 3 + part] = lines[pixel * channels + part] ?? 0;
  }
  return { width, height, rgb };
}

/** Undoes what PNG does to each line before it is compressed. */
function unfilter(raw: Buffer, stride: number, height: number, channels: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let line = 0; line < height; line += 1) {
    const filter = raw[line * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const at = line * stride + x;
      const left = x < channels ? 0 : (out[at - channels] ?? 0);
      const up = line === 0 ? 0 : (out[at - stride] ?? 0);
      const corner = x < channels || line === 0 ? 0 : (out[at - stride - channels] ?? 0);
      out[at] = (raw[line * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default:
      return 0;
  }
}

/** The number of each pixel's colour in a table, and the table. */
function index({ rgb, width, height }: Pixels): { indices: Uint8Array; table: number[] } {
  const counts = new Map<number, number>();
  const at = (pixel: number): number => ((rgb[pixel * 3] ?? 0) << 16) | ((rgb[pixel * 3 + 1] ?? 0) << 8) | (rgb[pixel * 3 + 2] ?? 0);
  for (let pixel = 0; pixel < width * height; pixel += 1) counts.set(at(pixel), (counts.get(at(pixel)) ?? 0) + 1);
  const colours = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const table = tableOf(colours);
  const numbers = new Map(colours.map((colour) => [colour, nearest(table, colour).number]));
  const indices = new Uint8Array(width * height);
  for (let pixel = 0; pixel < indices.length; pixel += 1) indices[pixel] = numbers.get(at(pixel)) ?? 0;
  return { indices, table: table.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]) };
}

/** The most frequent colours that are far enough from each other; farther, until they are few enough. */
function tableOf(colours: readonly number[]): number[] {
  for (let apart = 0; ; apart += 3) {
    const table: number[] = [];
    for (const colour of colours) {
      if (table.length > COLOURS_MAX) break;
      if (table.length === 0 || nearest(table, colour).distance > apart) table.push(colour);
    }
    if (table.length <= COLOURS_MAX) return table;
  }
}

function nearest(table: readonly number[], colour: number): { number: number; distance: number } {
  let [number, distance] = [0, Number.POSITIVE_INFINITY];
  for (const [place, one] of table.entries()) {
    const apart = Math.max(Math.abs((one >> 16) - (colour >> 16)), Math.abs(((one >> 8) & 255) - ((colour >> 8) & 255)), Math.abs((one & 255) - (colour & 255)));
    if (apart < distance) [number, distance] = [place, apart];
  }
  return { number, distance };
}

function encode({ width, height }: Pixels, { indices, table }: { indices: Uint8Array; table: number[] }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const lines = Buffer.alloc((width + 1) * height);
  for (let line = 0; line < height; line += 1) {
    lines.set(indices.subarray(line * width, (line + 1) * width), line * (width + 1) + 1);
  }
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("PLTE", Buffer.from(table)), chunk("IDAT", deflateSync(lines, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
