// One live picture: waits until the playlist is there, plays it, and comes back by itself after an error, an end, or a
// publisher's return. It knows nothing of the page around it; it tells its state, and answers for its figures.
import type HlsType from 'hls.js';
import { type Fault, Nearness, Retries } from './policy';
import { probe } from './probe';
import { undecodable } from './words';

export type PlayerState =
  | 'loading' | 'waiting' | 'starting' | 'playing' | 'paused' | 'hidden' | 'buffering' | 'ended' | 'retrying' | 'unsupported';

/** What the metrics row shows; null where it is not known. */
export interface Metrics {
  latencyS: number | null;
  bufferS: number | null;
  droppedFrames: number;
  level: string | null;
  retries: number;
}

/** How often a playlist that is not there yet is asked for again. */
const WAIT_MS = 2000;

/** hls.js, or the browser itself where it plays HLS and hls.js cannot. */
interface Engine {
  hls: HlsType | null;
  destroy(): void;
}

export type OnState = (state: PlayerState, detail?: string) => void;

export class Player {
  readonly retries = new Retries();
  #url = '';
  #engine: Engine | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nearness = new Nearness();
  #calm: ReturnType<typeof setTimeout> | undefined;
  readonly #off = new AbortController();

  constructor(
    readonly video: HTMLVideoElement,
    private readonly onState: OnState,
  ) {
    const on = (type: string, listener: () => void) => video.addEventListener(type, listener, { signal: this.#off.signal });
    on('playing', () => {
      this.retries.playing(performance.now());
      this.onState('playing');
    });
    on('waiting', () => this.#engine && this.onState('buffering'));
    on('pause', () => this.#engine && !video.ended && this.onState('paused'));
    on('ended', () => this.#over());
    on('error', () => this.#engine && !this.#engine.hls && this.#fault({ kind: 'network' }, 'The browser gave up.'));
    // A hidden tab keeps connections and a decoder busy for nobody.
    document.addEventListener('visibilitychange', () => this.#visible(!document.hidden), { signal: this.#off.signal });
  }

  /** Plays this playlist from now on, instead of the one before. */
  open(url: string): void {
    this.#url = url;
    this.retries.reset();
    this.#nearness = new Nearness();
    this.#tear();
    void this.#wait();
  }

  /** Lets go of everything; nothing is told after this. */
  close(): void {
    this.#off.abort();
    this.#url = '';
    this.#tear();
  }

  get hls(): HlsType | null {
    return this.#engine?.hls ?? null;
  }

  get metrics(): Metrics {
    const { video, hls } = this;
    const latency = hls?.latency ?? 0;
    const end = video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0;
    const height = video.videoHeight || hls?.levels[hls.currentLevel]?.height;
    return {
      latencyS: latency > 0 ? latency : null,
      bufferS: this.#engine && video.buffered.length ? Math.max(0, end - video.currentTime) : null,
      droppedFrames: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
      level: this.#engine && height ? `${height}p` : null,
      retries: this.retries.total,
    };
  }

  async #wait(): Promise<void> {
    const url = this.#url;
    if (document.hidden) return this.onState('hidden');
    const found = await probe(url);
    if (url !== this.#url || !url || this.#engine) return;
    if (found.state === 'live') return this.#play(url);
    this.onState(found.state, found.reason);
    this.#timer = setTimeout(() => void this.#wait(), WAIT_MS);
  }

  async #play(url: string): Promise<void> {
    this.onState('starting');
    const { Hls, CONFIG, faultOf } = await import('./hls');
    if (url !== this.#url || this.#engine) return;
    if (!Hls.isSupported()) return this.#playNatively(url);
    const hls = new Hls(CONFIG);
    this.#engine = { hls, destroy: () => hls.destroy() };
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) this.#fault(faultOf(data), data.details);
      else if (data.details === 'bufferStalledError') this.#stalled(hls);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#start());
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  /** Goes back to where the server wants players, once it has been calm for long enough. */
  #stalled(hls: HlsType): void {
    clearTimeout(this.#calm);
    this.#calm = setTimeout(() => {
      const { partHoldBack, holdBack } = hls.latestLevelDetails ?? {};
      const wanted = partHoldBack || holdBack;
      if (!wanted) return;
      hls.targetLatency = wanted;
      this.#nearness.back(performance.now());
    }, this.#nearness.stalled(performance.now()));
  }

  /** Safari on a phone: the browser is the player. */
  #playNatively(url: string): void {
    const { video } = this;
    if (!video.canPlayType('application/vnd.apple.mpegurl')) {
      return this.onState('unsupported', 'This browser has neither Media Source Extensions nor HLS of its own.');
    }
    this.#engine = { hls: null, destroy: () => video.removeAttribute('src') };
    video.src = url;
    this.#start();
  }

  #start(): void {
    // Muted pictures may start alone; where a browser refuses even that, the controls are there.
    this.video.play().catch(() => this.#engine && this.onState('paused'));
  }

  #fault(fault: Fault, details: string): void {
    const verdict = this.retries.after(fault, performance.now());
    if (verdict.do === 'recover') {
      this.hls?.recoverMediaError();
      return;
    }
    this.#tear();
    if (verdict.do === 'refuse') this.onState('unsupported', undecodable(fault.kind === 'codec' ? fault.codec : null));
    else this.onState('retrying', details);
    this.#timer = setTimeout(() => void this.#wait(), verdict.afterMs);
  }

  #over(): void {
    if (!this.#engine) return;
    this.#tear();
    this.onState('ended');
    this.#timer = setTimeout(() => void this.#wait(), WAIT_MS);
  }

  #visible(visible: boolean): void {
    if (!this.#url) return;
    if (!visible) {
      this.#tear();
      this.onState('hidden');
    } else if (!this.#engine) {
      this.onState('loading');
      void this.#wait();
    }
  }

  #tear(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#calm);
    this.#engine?.destroy();
    this.#engine = null;
  }
}
