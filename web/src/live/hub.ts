// One event stream for many listeners, each behind a port: in a SharedWorker for all tabs, or in the tab alone.
import { EventLink, type WireEvent } from './sse';

/** Every type there is: `stats` comes once a second for each live project. */
export const EVENTS_URL = '/api/v1/events/stream';

/** From the hub to a tab. */
export type Told =
  /** `missed`: something may have happened that this tab was not told of. */
  | { kind: 'open'; missed: boolean; at: number }
  /** `at`: when the server was last heard. */
  | { kind: 'lost'; signedOut: boolean; at: number }
  | { kind: 'event'; event: WireEvent; at: number };

/** From a tab to the hub. `here` is said every few seconds, because a tab that is gone says nothing. */
export type Asked = 'here' | 'bye' | 'now' | { join: number };

/** A tab that has been silent for so long is gone: browsers slow a hidden tab's timers down to one a minute. */
const SILENT_MS = 150_000;

export interface Port {
  postMessage(told: Told): void;
}

export class Hub {
  #ports = new Map<Port, number>();
  #state: Extract<Told, { kind: 'open' | 'lost' }> | null = null;
  /** When the server was last heard, if only by a heartbeat. */
  #heardAt = Date.now();
  /** When the last event came; figures are none. */
  #eventAt = 0;
  /** From when on nothing is missing. */
  #coveredFrom = Infinity;
  /** From when on the tabs have asked for what they show. */
  #since = Infinity;
  readonly #link: EventLink;

  constructor(url: string) {
    const listener = {
      open: (resumed: boolean) => {
        this.#heardAt = Date.now();
        // One that came while the question was on its way may have asked for its answers before what is told.
        const missed = resumed || this.#since < this.#coveredFrom;
        this.#tell((this.#state = { kind: 'open', missed, at: this.#heardAt }));
      },
      heard: () => (this.#heardAt = Date.now()),
      event: (event: WireEvent) => {
        if (event.type !== 'stats') this.#eventAt = Date.now();
        this.#tell({ kind: 'event', event, at: Date.now() });
      },
      lost: (signedOut: boolean) => {
        this.#tell((this.#state = { kind: 'lost', signedOut, at: this.#heardAt }));
      },
    };
    this.#link = new EventLink(url, listener, () => (this.#coveredFrom = this.#since));
  }

  /** `since`: from when on this tab has asked for what it shows. */
  join(port: Port, since = Date.now()): void {
    this.#ports.set(port, Date.now());
    this.#since = Math.min(this.#since, since);
    if (this.#state?.kind === 'lost' && this.#state.signedOut) this.#state = null;
    if (this.#state?.kind === 'lost') port.postMessage(this.#state);
    // What came after it had asked, and before it was here, it may not have seen.
    if (this.#state?.kind === 'open') port.postMessage({ ...this.#state, missed: since < this.#coveredFrom || since <= this.#eventAt });
    this.#link.start();
  }

  asked(port: Port, asked: Asked): void {
    if (typeof asked === 'object') this.join(port, asked.join);
    if (asked === 'here' && this.#ports.has(port)) this.#ports.set(port, Date.now());
    // It was taken for gone: frozen by the browser, or restored. It has missed what happened meanwhile.
    else if (asked === 'here') this.join(port, 0);
    if (asked === 'now') this.#link.now();
    if (asked === 'bye') this.#leave(port);
  }

  #leave(port: Port): void {
    this.#ports.delete(port);
    if (this.#ports.size > 0) return;
    this.#link.stop();
    this.#state = null;
    this.#since = Infinity;
  }

  #tell(told: Told): void {
    const now = Date.now();
    for (const [port, seen] of this.#ports) {
      if (now - seen > SILENT_MS) this.#leave(port);
      else port.postMessage(told);
    }
  }
}
