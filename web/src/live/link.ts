// The tab's end of the event link: joins the shared one where there is one, and knows whether it is up.
import type { Event, Stats } from '../api/types';
import { type Asked, EVENTS_URL, Hub, type Told } from './hub';

/** How the link is. `dataAt`: when the last word came, so that a reader knows how old the page is. */
export type LinkState =
  | { status: 'connecting' }
  | { status: 'open' }
  | { status: 'lost'; dataAt: number };

type Handler = (message: { kind: 'open'; missed: boolean } | { kind: 'event'; event: Event } | { kind: 'stats'; stats: Stats }) => void;

const HERE_MS = 20_000;

class Link {
  #state: LinkState = { status: 'connecting' };
  #watchers = new Set<() => void>();
  #handlers = new Set<Handler>();
  #ask: ((asked: Asked) => void) | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #dataAt = Date.now();
  /** From when on what this page shows has been asked for. */
  #since = performance.timeOrigin;
  onSignedOut: () => void = () => {};

  /** Opens the link; the answer closes it. */
  connect(): () => void {
    this.#ask = typeof SharedWorker === 'undefined' ? this.#alone() : this.#shared();
    const ask = (asked: Asked) => this.#ask?.(asked);
    const bye = () => ask('bye');
    this.#timer = setInterval(() => ask('here'), HERE_MS);
    const here = () => ask('here');
    addEventListener('pagehide', bye);
    addEventListener('pageshow', here);
    addEventListener('online', this.retry);
    return () => {
      clearInterval(this.#timer);
      removeEventListener('pagehide', bye);
      removeEventListener('pageshow', here);
      removeEventListener('online', this.retry);
      ask('bye');
      this.#since = Date.now();
      this.#ask = null;
      this.#set({ status: 'connecting' });
    };
  }

  retry = (): void => this.#ask?.('now');

  state = (): LinkState => this.#state;

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  listen(handler: Handler): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** What came; public, so that a test can play the server. */
  receive(told: Told): void {
    if (told.kind === 'lost') {
      // A quiet server is heard as well, and what is shown was true until it was not.
      this.#dataAt = Math.max(this.#dataAt, told.at);
      this.#set({ status: 'lost', dataAt: this.#dataAt });
      if (told.signedOut) this.onSignedOut();
      return;
    }
    this.#dataAt = told.at;
    if (this.#state.status !== 'open') this.#set({ status: 'open' });
    if (told.kind === 'open') {
      this.#emit({ kind: 'open', missed: told.missed });
      return;
    }
    if (told.event.type === 'events.missed') {
      this.#emit({ kind: 'open', missed: true });
      return;
    }
    const parsed = parse(told.event.data);
    if (!parsed) return;
    if (told.event.type === 'stats') this.#emit({ kind: 'stats', stats: parsed as Stats });
    else this.#emit({ kind: 'event', event: parsed as Event });
  }

  #emit(message: Parameters<Handler>[0]): void {
    for (const handler of this.#handlers) handler(message);
  }

  #set(state: LinkState): void {
    if (state.status === 'lost' && this.#state.status === 'lost') return;
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }

  #shared(): (asked: Asked) => void {
    const worker = new SharedWorker(new URL('./link.worker.ts', import.meta.url), { type: 'module', name: 'gostream-events' });
    const { port } = worker;
    // Its file could not be fetched: the server went in that moment, and this tab must hear of it nevertheless.
    worker.addEventListener('error', () => {
      if (this.#ask === ask) this.#ask = this.#alone();
    });
    port.addEventListener('message', ({ data }: MessageEvent<Told>) => this.receive(data));
    port.start();
    port.postMessage({ join: this.#since } satisfies Asked, []);
    const ask = (asked: Asked) => port.postMessage(asked, []);
    return ask;
  }

  #alone(): (asked: Asked) => void {
    const hub = new Hub(EVENTS_URL);
    const port = { postMessage: (told: Told) => this.receive(told) };
    hub.join(port, this.#since);
    return (asked) => hub.asked(port, asked);
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

export const link = new Link();
