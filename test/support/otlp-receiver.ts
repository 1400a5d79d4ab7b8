import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message of Protocol Buffers by field number, as bytes or as numbers: https://protobuf.dev/programming-guides/encoding/ */
type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

function decode(bytes: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const value = wire === 0 ? varint() : wire === 1 ? take(8) : wire === 5 ? take(4) : take(Number(varint()));
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, number: number): Fields[] => (fields.get(number) ?? []).map((one) => decode(one as Buffer));
const text = (fields: Fields, number: number): string => String(fields.get(number)?.[0] ?? '');
const hex = (fields: Fields, number: number): string => (fields.get(number)?.[0] as Buffer | undefined)?.toString('hex') ?? '';
const nothing = Buffer.alloc(8);
const fixed = (fields: Fields, number: number): Buffer => (fields.get(number)?.[0] as Buffer | undefined) ?? nothing;

function attributesIn(fields: Fields, number: number): Record<string, string | number> {
  const entries = messages(fields, number).map((pair) => {
    const [value = new Map()] = messages(pair, 2);
    const whole = value.get(3)?.[0];
    return [
      text(pair, 1),
      whole === undefined ? (value.has(4) ? fixed(value, 4).readDoubleLE() : text(value, 1)) : Number(whole),
    ] as const;
  });
  return Object.fromEntries(entries);
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links: readonly string[];
  /** 2 = error. */
  readonly status: number;
}

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly { readonly attributes: Readonly<Record<string, string | number>>; readonly value: number }[];
}

const spanIn = (span: Fields): ReceivedSpan => ({
  traceId: hex(span, 1),
  spanId: hex(span, 2),
  parentId: hex(span, 4),
  name: text(span, 5),
  kind: Number(span.get(6)?.[0] ?? 0),
  startNs: fixed(span, 7).readBigUInt64LE(),
  endNs: fixed(span, 8).readBigUInt64LE(),
  attributes: attributesIn(span, 9),
  links: messages(span, 13).map((link) => `${hex(link, 1)} ${hex(link, 2)}`),
  status: Number(messages(span, 15)[0]?.get(3)?.[0] ?? 0),
});

const metricKinds = { gauge: 5, sum: 7, histogram: 9 } as const;

function metricIn(metric: Fields): ReceivedMetric {
  const kind = (['gauge', 'sum', 'histogram'] as const).find((one) => metric.has(metricKinds[one])) ?? 'gauge';
  const points = messages(messages(metric, metricKinds[kind])[0] ?? new Map(), 1).map((point) =>
    kind === 'histogram'
      ? { attributes: attributesIn(point, 9), value: Number(fixed(point, 4).readBigUInt64LE()) }
      : { attributes: attributesIn(point, 7), value: fixed(point, 4).readDoubleLE() },
  );
  return { name: text(metric, 1), unit: text(metric, 3), kind, points };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An OpenTelemetry collector as far as it takes OTLP over HTTP, on a free loopback port. */
export async function otlpReceiver() {
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const resources: Record<string, string | number>[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    bodies.push(body);
    for (const resource of messages(decode(body), 1)) {
      resources.push(...messages(resource, 1).map((one) => attributesIn(one, 1)));
      const scopes = messages(resource, 2).flatMap((scope) => messages(scope, 2));
      if (request.url === '/v1/traces') spans.push(...scopes.map(spanIn));
      if (request.url === '/v1/metrics') metrics.push(...scopes.map(metricIn));
    }
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    resources,
    /** All that came over the wire. */
    wire: () => Buffer.concat(bodies).toString('latin1'),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
