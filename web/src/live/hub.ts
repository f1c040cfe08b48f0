// One event stream for many listeners, each behind a port: in a SharedWorker for all tabs, or in the tab alone.
import { EventLink, type WireEvent } from './sse';

/** Every type there is: `stats` comes once a second for each live project. */
export const EVENTS_URL = '/api/v1/events/stream';

/** From the hub to a tab. */
export type Told =
  | { kind: 'open'; resumed: boolean; at: number }
  | { kind: 'lost'; signedOut: boolean; at: number }
  | { kind: 'event'; event: WireEvent; at: number };

/** From a tab to the hub. `here` is said every few seconds, because a tab that is gone says nothing. */
export type Asked = 'here' | 'bye' | 'now';

/** A tab that has been silent for so long is gone: browsers slow a hidden tab's timers down to one a minute. */
const SILENT_MS = 150_000;

export interface Port {
  postMessage(told: Told): void;
}

export class Hub {
  #ports = new Map<Port, number>();
  #state: Told | null = null;
  readonly #link: EventLink;

  constructor(url: string) {
    this.#link = new EventLink(url, {
      open: (resumed) => this.#tell((this.#state = { kind: 'open', resumed, at: Date.now() })),
      event: (event) => this.#tell({ kind: 'event', event, at: Date.now() }),
      lost: (signedOut) => {
        // The time is that of the first failure: how old what is shown has become.
        if (this.#state?.kind !== 'lost' || signedOut) this.#state = { kind: 'lost', signedOut, at: Date.now() };
        this.#tell(this.#state);
      },
    });
  }

  join(port: Port): void {
    this.#ports.set(port, Date.now());
    if (this.#state?.kind === 'lost' && this.#state.signedOut) this.#state = null;
    if (this.#state) port.postMessage(this.#state);
    this.#link.start();
  }

  asked(port: Port, asked: Asked): void {
    if (asked === 'here') this.#ports.set(port, Date.now());
    if (asked === 'now') this.#link.now();
    if (asked === 'bye') this.#leave(port);
  }

  #leave(port: Port): void {
    this.#ports.delete(port);
    if (this.#ports.size > 0) return;
    this.#link.stop();
    this.#state = null;
  }

  #tell(told: Told): void {
    const now = Date.now();
    for (const [port, seen] of this.#ports) {
      if (now - seen > SILENT_MS) this.#leave(port);
      else port.postMessage(told);
    }
  }
}
