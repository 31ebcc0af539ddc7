// Requests a second and Node CPU a request with 50 in flight: our transport, npm ari-client, and, as an experiment, REST
// over the event socket. Three alternating rounds against one Asterisk of its own. Run: node test/bench/transport.ts
import process from 'node:process';
import { WebSocket } from 'ws';
import { authorization, type AriTransport } from '../../src/ari/transport.ts';
import { APP, AsteriskHost, makeTransport } from '../contract/telephony-asterisk-world.ts';

const IN_FLIGHT = 50;
const REQUESTS = 20_000;
const ROUNDS = 3;

type Ask = () => Promise<unknown>;
interface Column {
  readonly name: string;
  open(host: AsteriskHost): Promise<{ readonly ask: Ask; readonly close: () => Promise<void> }>;
}
interface Figure {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly aloneMs: number;
}

/** The cheapest request that goes through all layers. */
const PING = { resource: 'asterisk', operation: 'ping', method: 'GET', path: 'asterisk/ping', params: {} } as const;

function byTransport(name: 'own' | 'ari-client'): Column {
  return {
    name: name === 'own' ? 'own, HTTP keep-alive' : 'ari-client',
    open: async (host) => {
      const transport: AriTransport = makeTransport(name, host.address());
      await new Promise<void>((resolve) => {
        transport.onSocket((state) => state === 'open' && resolve());
        transport.onEvent(() => {});
        transport.start();
      });
      return { ask: () => transport.request(PING), close: () => transport.stop() };
    },
  };
}

/** No part of the product: what it would cost, not how it would be built. */
const overSocket: Column = {
  name: 'REST over the event socket',
  open: async (host) => {
    const address = host.address();
    const socket = new WebSocket(`${address.url.replace(/^http/, 'ws')}/events?app=${APP}`, { headers: { authorization: authorization(address) }, perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const waiting = new Map<string, (body: unknown) => void>();
    socket.on('message', (raw: Buffer) => {
      const answer = JSON.parse(raw.toString('utf8')) as { type: string; request_id: string; message_body: string };
      if (answer.type !== 'RESTResponse') return;
      waiting.get(answer.request_id)?.(JSON.parse(answer.message_body));
      waiting.delete(answer.request_id);
    });
    let serial = 0;
    return {
      ask: () =>
        new Promise((resolve) => {
          const id = String((serial += 1));
          waiting.set(id, resolve);
          socket.send(JSON.stringify({ type: 'RESTRequest', request_id: id, method: 'GET', uri: 'asterisk/ping' }));
        }),
      close: async () => {
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.close();
        await closed;
      },
    };
  },
};

async function run(ask: Ask, count: number, inFlight: number): Promise<{ ms: number; cpuUs: number }> {
  let left = count;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  }));
  const used = process.cpuUsage(cpu);
  return { ms: performance.now() - startMs, cpuUs: used.user + used.system };
}

async function measure(column: Column, host: AsteriskHost): Promise<Figure> {
  const { ask, close } = await column.open(host);
  try {
    await run(ask, 2_000, IN_FLIGHT);
    const busy = await run(ask, REQUESTS, IN_FLIGHT);
    const alone = await run(ask, 1_000, 1);
    return { perSecond: (REQUESTS / busy.ms) * 1_000, cpuUs: busy.cpuUs / REQUESTS, aloneMs: alone.ms / 1_000 };
  } finally {
    await close();
  }
}

const middle = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

const host = new AsteriskHost();
await host.start();
try {
  const columns = [byTransport('own'), byTransport('ari-client'), overSocket];
  const figures = new Map<string, Figure[]>(columns.map((column) => [column.name, []]));
  for (let round = 0; round < ROUNDS; round += 1) for (const column of columns) figures.get(column.name)?.push(await measure(column, host));
  console.log(`${IN_FLIGHT} in flight, ${REQUESTS} requests a round, median of ${ROUNDS} rounds; "alone" = one after the other`);
  console.log('| way | requests/s | Node CPU a request | alone |\n|---|---|---|---|');
  for (const [name, all] of figures) {
    console.log(`| ${name} | ${Math.round(middle(all.map((one) => one.perSecond)))} | ${middle(all.map((one) => one.cpuUs)).toFixed(0)} us | ${middle(all.map((one) => one.aloneMs)).toFixed(2)} ms |`);
  }
} finally {
  const left = await host.stop();
  if (left.length > 0) console.error(`left behind: ${left.join(', ')}`);
}
