import { beforeEach, expect, it, vi } from 'vitest';
import { Hub, type Told } from './hub';

let opened = 0;
let aborted = 0;
let send: (text: string) => void = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  opened = 0;
  aborted = 0;
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    opened += 1;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (given) => { controller = given; } });
    init.signal?.addEventListener('abort', () => {
      aborted += 1;
      controller?.error(new Error('aborted'));
    });
    send = (text) => controller?.enqueue(new TextEncoder().encode(text));
    return new Response(body);
  });
});

const tab = () => {
  const told: Told[] = [];
  return { told, port: { postMessage: (each: Told) => void told.push(each) } };
};
const settle = () => vi.advanceTimersByTimeAsync(1);

it('ten tabs have one connection, and each hears everything', async () => {
  const hub = new Hub('/events');
  const tabs = Array.from({ length: 10 }, tab);
  for (const { port } of tabs) hub.join(port);
  await settle();
  send('id: evt_1\nevent: stream.started\ndata: {}\n\n');
  await settle();
  expect(opened).toBe(1);
  for (const { told } of tabs) expect(told.map(({ kind }) => kind)).toEqual(['open', 'event']);
});

it('a tab that comes late hears how the link is', async () => {
  const hub = new Hub('/events');
  hub.join(tab().port);
  await settle();
  const late = tab();
  hub.join(late.port);
  expect(late.told.map(({ kind }) => kind)).toEqual(['open']);
});

it('a tab is told whether something happened after it had asked, and before it was here', async () => {
  const hub = new Hub('/events');
  hub.join(tab().port);
  await settle();
  await vi.advanceTimersByTimeAsync(5000);
  const before = Date.now();
  await vi.advanceTimersByTimeAsync(100);
  const joins = (since: number) => {
    const one = tab();
    hub.join(one.port, since);
    return one.told[0];
  };
  expect(joins(before)).toMatchObject({ kind: 'open', missed: false });
  send('event: stats\ndata: {}\n\n');
  await settle();
  expect(joins(before)).toMatchObject({ kind: 'open', missed: false });
  send('id: evt_1\nevent: output.state\ndata: {}\n\n');
  await settle();
  expect(joins(before)).toMatchObject({ kind: 'open', missed: true });
  await vi.advanceTimersByTimeAsync(100);
  expect(joins(Date.now())).toMatchObject({ kind: 'open', missed: false });
  // From before all that is told.
  expect(joins(before - 10_000)).toMatchObject({ kind: 'open', missed: true });
});

it('a tab that asked before the one that has opened the connection is not taken for told', async () => {
  const hub = new Hub('/events');
  const [one, other] = [tab(), tab()];
  hub.join(one.port, Date.now() - 100);
  hub.join(other.port, Date.now() - 900);
  await settle();
  expect(other.told).toMatchObject([{ kind: 'open', missed: true }]);
});

it('a server that is quiet is heard: what is shown is as old as its last heartbeat', async () => {
  const hub = new Hub('/events');
  const { told, port } = tab();
  hub.join(port);
  await settle();
  for (let beat = 0; beat < 20; beat += 1) {
    await vi.advanceTimersByTimeAsync(15_000);
    hub.asked(port, 'here');
    send(': here\n\n');
  }
  await settle();
  const heard = Date.now();
  await vi.advanceTimersByTimeAsync(45_000);
  const lost = told.find(({ kind }) => kind === 'lost');
  expect(lost && heard - lost.at).toBeLessThan(100);
});

it('the last tab takes the connection with it', async () => {
  const hub = new Hub('/events');
  const [one, two] = [tab(), tab()];
  hub.join(one.port);
  hub.join(two.port);
  await settle();
  hub.asked(one.port, 'bye');
  expect(aborted).toBe(0);
  hub.asked(two.port, 'bye');
  expect(aborted).toBe(1);
});

it('a tab that died without a word is forgotten', async () => {
  const hub = new Hub('/events');
  const [dead, alive] = [tab(), tab()];
  hub.join(dead.port);
  hub.join(alive.port);
  await settle();
  for (let at = 0; at < 10; at += 1) {
    await vi.advanceTimersByTimeAsync(20_000);
    hub.asked(alive.port, 'here');
    send(': here\n\nevent: stats\ndata: {}\n\n');
  }
  await settle();
  const before = dead.told.length;
  send('event: stats\ndata: {}\n\n');
  await settle();
  expect(dead.told).toHaveLength(before);
  expect(alive.told.at(-1)?.kind).toBe('event');
  // It was only frozen, and is told that it has missed something.
  hub.asked(dead.port, 'here');
  expect(dead.told.at(-1)).toMatchObject({ kind: 'open', missed: true });
});
