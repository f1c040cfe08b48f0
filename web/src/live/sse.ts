// Server-sent events over fetch. EventSource gives up for good on any answer but 200 (a proxy's 502 while the server
// restarts), cannot be told where to resume, and hides the comments that prove a quiet line alive; this does neither.

/** One event as the wire has it. */
export interface WireEvent {
  id: string;
  type: string;
  data: string;
}

/** Turns the text of an event stream into events. Holds what is not complete yet. */
export class Parser {
  #rest = '';
  #event: WireEvent = { id: '', type: '', data: '' };
  /** Behind what to go on. An event without data moves it as well (HTML, section 9.2.6): the server begins with one. */
  lastId = '';
  /** Milliseconds that the server wants us to wait before we come back. */
  retryMs: number | null = null;

  push(text: string): WireEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const events: WireEvent[] = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#event.id) this.lastId = this.#event.id;
        if (this.#event.data) events.push({ ...this.#event, data: this.#event.data.slice(0, -1) });
        this.#event = { id: '', type: '', data: '' };
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#event.data += `${value}\n`;
    else if (name === 'event') this.#event.type = value;
    else if (name === 'id') this.#event.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}

/** What the connection tells of itself. */
export interface Listener {
  /** `resumed`: it has been open before. */
  open(resumed: boolean): void;
  /** Something came: an event, or the comment that proves a quiet line alive. */
  heard(): void;
  event(event: WireEvent): void;
  /** `signedOut`: the server answered, and says that nobody is signed in. */
  lost(signedOut: boolean): void;
}

/** The server sends a comment every 15 s; a line that is quiet for longer than two of them is dead. */
const QUIET_MS = 40_000;
const WAIT_MIN_MS = 1_000;
const WAIT_MAX_MS = 10_000;

/** Keeps one event stream open, and resumes it behind the last event that it has seen. */
export class EventLink {
  #stop: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastId = '';
  #opened = false;
  #failures = 0;
  #retryMs = WAIT_MIN_MS;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    /** Since when (here) what happens is wanted; until the server has told where to go on. */
    private readonly since: () => number = Date.now,
  ) {}

  start(): void {
    if (this.#stop) return;
    clearTimeout(this.#timer);
    void this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    this.#stop = null;
  }

  /** Tries at once, instead of when the wait is over. */
  now(): void {
    if (this.#failures === 0) return;
    this.stop();
    this.start();
  }

  /** Nothing is behind yet: the server also tells what happened since the answers were asked for. */
  #address(): string {
    const back = this.#lastId ? 0 : Math.max(0, Math.round(Date.now() - this.since()));
    return back ? `${this.url}?back_ms=${back}` : this.url;
  }

  async #run(): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    let signedOut = false;
    try {
      const response = await fetch(this.#address(), {
        signal: stop.signal,
        cache: 'no-store',
        headers: { Accept: 'text/event-stream', ...(this.#lastId && { 'Last-Event-ID': this.#lastId }) },
      });
      signedOut = response.status === 401;
      if (response.ok && response.body) await this.#read(response.body, stop);
    } catch {
      // Refused, reset, or ended by us: what follows is the same.
    }
    if (this.#stop !== stop) return;
    this.#stop = null;
    this.#failures += 1;
    this.listener.lost(signedOut);
    if (signedOut) return;
    const wait = Math.min(this.#retryMs * 1.5 ** (this.#failures - 1), WAIT_MAX_MS) * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.#run(), wait);
  }

  async #read(body: ReadableStream<Uint8Array>, stop: AbortController): Promise<void> {
    this.#failures = 0;
    this.listener.open(this.#opened);
    this.#opened = true;
    const parser = new Parser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let watchdog = setTimeout(() => stop.abort(), QUIET_MS);
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stop.abort(), QUIET_MS);
        this.listener.heard();
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.listener.event(event);
        if (parser.lastId) this.#lastId = parser.lastId;
        this.#retryMs = parser.retryMs ?? this.#retryMs;
      }
    } finally {
      clearTimeout(watchdog);
    }
  }
}
