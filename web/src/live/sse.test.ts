import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventLink, type Listener, Parser, type WireEvent } from './sse';

describe('the parser', () => {
  it('reads events however the bytes are cut', () => {
    const text = 'retry: 1500\n\n: here\n\nid: evt_1\nevent: output.state\ndata: {"a":1}\n\ndata: two\ndata: lines\n\n';
    for (let cut = 1; cut < text.length; cut += 1) {
      const parser = new Parser();
      const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(events).toEqual([
        { id: 'evt_1', type: 'output.state', data: '{"a":1}' },
        { id: '', type: '', data: 'two\nlines' },
      ]);
      expect(parser.retryMs).toBe(1500);
    }
  });

  it('takes the id of an event that says nothing else', () => {
    const parser = new Parser();
    expect(parser.push('id: evt_3\nretry: 2000\n: hello\n\n')).toEqual([]);
    expect(parser.lastId).toBe('evt_3');
    parser.push('event: stats\ndata: {}\n\n');
    expect(parser.lastId).toBe('evt_3');
  });

  it('takes all three ends of line', () => {
    expect(new Parser().push('data: a\r\n\r\ndata: b\n\ndata: c\n\n').map(({ data }) => data)).toEqual(['a', 'b', 'c']);
  });
});

/** One connection of the server: what was asked, and a hand on its stream. */
interface Connection {
  url: string;
  lastId: string | null;
  send: (text: string) => void;
  end: () => void;
}

describe('the link', () => {
  let connections: Connection[];
  let answers: (Response | Error)[];
  let told: { open: boolean[]; events: WireEvent[]; lost: boolean[]; heard: number };
  let since: number;
  let link: EventLink;

  beforeEach(() => {
    vi.useFakeTimers();
    connections = [];
    answers = [];
    told = { open: [], events: [], lost: [], heard: 0 };
    since = Date.now();
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const refused = answers.shift();
      if (refused instanceof Error) throw refused;
      if (refused) return refused;
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (given) => { controller = given; } });
      init.signal?.addEventListener('abort', () => controller?.error(new DOMException('aborted', 'AbortError')));
      connections.push({
        url,
        lastId: (init.headers as Record<string, string>)['Last-Event-ID'] ?? null,
        send: (text) => controller?.enqueue(new TextEncoder().encode(text)),
        end: () => controller?.close(),
      });
      return new Response(body);
    });
    const listener: Listener = {
      open: (resumed) => told.open.push(resumed),
      heard: () => (told.heard += 1),
      event: (event) => told.events.push(event),
      lost: (signedOut) => told.lost.push(signedOut),
    };
    link = new EventLink('/events', listener, () => since);
  });

  afterEach(() => link.stop());

  const settle = () => vi.advanceTimersByTimeAsync(0);
  const latest = () => connections.at(-1)!; // oxlint-disable-line typescript/no-non-null-assertion

  it('resumes behind the last event that it has seen', async () => {
    link.start();
    await settle();
    latest().send('id: evt_7\nevent: stream.started\ndata: {}\n\n');
    await settle();
    latest().end();
    await settle();
    expect(told.lost).toEqual([false]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(connections.map(({ lastId }) => lastId)).toEqual([null, 'evt_7']);
    expect(told.open).toEqual([false, true]);
  });

  it('goes on behind the beginning where it has heard nothing since', async () => {
    link.start();
    await settle();
    latest().send('id: evt_7\nretry: 2000\n: hello\n\n');
    await settle();
    latest().end();
    await vi.advanceTimersByTimeAsync(4000);
    expect(connections.map(({ lastId }) => lastId)).toEqual([null, 'evt_7']);
    expect(told.open).toEqual([false, true]);
  });

  it('says that it was open before, also to a server that has never had an event', async () => {
    link.start();
    await settle();
    latest().end();
    await vi.advanceTimersByTimeAsync(4000);
    expect(told.open).toEqual([false, true]);
  });

  it('asks for what happened since the page has asked for its answers', async () => {
    since = Date.now() - 800;
    answers = [new TypeError('refused')];
    link.start();
    await vi.advanceTimersByTimeAsync(4000);
    expect(latest().url).toMatch(/^\/events\?back_ms=\d+$/);
    expect(Number(latest().url.split('=')[1])).toBeGreaterThan(800 + 500);
    latest().send('id: evt_7\n\n');
    await settle();
    latest().end();
    await vi.advanceTimersByTimeAsync(4000);
    expect([latest().url, latest().lastId]).toEqual(['/events', 'evt_7']);
  });

  it('hears a heartbeat', async () => {
    link.start();
    await settle();
    latest().send(': here\n\n');
    await settle();
    expect([told.heard, told.events]).toEqual([1, []]);
  });

  it('comes back after answers that EventSource would give up on', async () => {
    answers = [new Response('bad gateway', { status: 502 }), new TypeError('refused'), new Response('starting', { status: 503 })];
    link.start();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told.lost).toEqual([false, false, false]);
    expect(told.open).toEqual([false]);
  });

  it('has one connection however often it is started', async () => {
    answers = [new TypeError('refused')];
    link.start();
    await settle();
    link.start();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(connections).toHaveLength(1);
  });

  it('takes a line without heartbeat for dead', async () => {
    link.start();
    await settle();
    await vi.advanceTimersByTimeAsync(30_000);
    latest().send(': here\n\n');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(told.lost).toEqual([]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(told.lost).toEqual([false]);
  });

  it('does not knock again where nobody is signed in', async () => {
    answers = [new Response(null, { status: 401 })];
    link.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.lost).toEqual([true]);
    expect(connections).toHaveLength(0);
  });
});
