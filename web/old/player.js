// One live picture: waits until the playlist is there, plays it with hls.js, and comes back by itself after an
// error, an end, or a publisher's return. It knows nothing of the page around it; it tells its state by `onState`.
import Hls from './hls.js';

/** How often a playlist that is not there yet is asked for again. */
const WAIT_MS = 2000;
/** Waits before the player is built again after a fatal error that `recoverMediaError` did not cure. */
const REBUILD_MS = [1000, 2000, 4000, 8000, 16000, 30000];
/** hls.js may recover a decoder this often before we build a new player. */
const RECOVERIES_MAX = 2;
/** A picture that played this long was healthy: the next fault starts from the first wait again. */
const HEALTHY_MS = 30000;

const HLS_CONFIG = {
  lowLatencyMode: true,
  workerPath: '/old/hls.worker.js', // ESM has no inline worker, and a strict CSP would refuse one
  backBufferLength: 30,
  maxBufferLength: 10,
  maxMaxBufferLength: 20,
  capLevelToPlayerSize: true,
  maxLiveSyncPlaybackRate: 1.1,
  // liveSyncDurationCount stays unset: setting it would override the server's hold-back.
  manifestLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 8000,
      maxLoadTimeMs: 20000,
      timeoutRetry: { maxNumRetry: 4, retryDelayMs: 1000, maxRetryDelayMs: 8000, backoff: 'exponential' },
      errorRetry: { maxNumRetry: 4, retryDelayMs: 1000, maxRetryDelayMs: 8000, backoff: 'exponential' },
    },
  },
};

export class Player {
  /**
   * @param {HTMLVideoElement} video
   * @param {(state: 'waiting'|'starting'|'playing'|'paused'|'buffering'|'ended'|'retrying'|'unsupported', detail?: string) => void} onState
   */
  constructor(video, onState) {
    this.video = video;
    this.onState = onState;
    this.hls = null;
    this.timer = 0;
    this.rebuilds = 0;
    this.recoveries = 0;
    this.playingSince = 0;
    video.addEventListener('playing', () => {
      this.playingSince = performance.now();
      this.onState('playing');
    });
    video.addEventListener('waiting', () => this.onState('buffering'));
    video.addEventListener('pause', () => !video.ended && this.onState('paused'));
    video.addEventListener('ended', () => this.#over());
    // A hidden tab keeps six connections and a decoder busy for nobody.
    document.addEventListener('visibilitychange', () => this.#visible(!document.hidden));
  }

  /** Plays this playlist from now on, instead of the one before. */
  open(url) {
    this.url = url;
    this.rebuilds = 0;
    this.recoveries = 0;
    this.#tear();
    this.#wait();
  }

  /** Seconds between the live edge and the picture; null where it is not known. */
  get latency() {
    const latency = this.hls?.latency;
    return latency > 0 ? latency : null;
  }

  async #wait() {
    const url = this.url;
    const found = await probe(url);
    if (url !== this.url || this.hls) return;
    if (found.state === 'live') {
      this.#play();
    } else {
      this.onState(found.state, found.reason);
      this.timer = setTimeout(() => this.#wait(), WAIT_MS);
    }
  }

  #play() {
    const { video } = this;
    if (!Hls.isSupported()) {
      if (!video.canPlayType('application/vnd.apple.mpegurl')) {
        this.onState('unsupported', 'This browser has neither Media Source Extensions nor HLS of its own.');
        return;
      }
      // Safari on a phone: the browser is the player. The object stands where hls.js would.
      video.src = this.url;
      this.hls = { latency: null, recoverMediaError() {}, destroy: () => video.removeAttribute('src') };
      video.addEventListener('error', () => this.hls && this.#fault({ details: 'media error' }), { once: true });
      this.#start();
      return;
    }
    const hls = new Hls(HLS_CONFIG);
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.#fault(data));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#start());
    hls.loadSource(this.url);
    hls.attachMedia(video);
    this.onState('starting');
  }

  #start() {
    // Muted pictures may start alone; where a browser refuses even that, the controls are there.
    this.video.play().catch(() => this.onState('paused'));
  }

  #fault(data) {
    if (this.playingSince && performance.now() - this.playingSince > HEALTHY_MS) {
      this.rebuilds = 0;
      this.recoveries = 0;
    }
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.recoveries < RECOVERIES_MAX) {
      this.recoveries += 1;
      this.hls.recoverMediaError();
      return;
    }
    this.#tear();
    const wait = REBUILD_MS[Math.min(this.rebuilds, REBUILD_MS.length - 1)] * (0.5 + Math.random());
    this.rebuilds += 1;
    this.onState('retrying', data.details);
    this.timer = setTimeout(() => this.#wait(), wait);
  }

  #over() {
    this.#tear();
    this.onState('ended');
    this.timer = setTimeout(() => this.#wait(), WAIT_MS);
  }

  #visible(visible) {
    if (visible) {
      if (!this.hls && this.url) this.#wait();
    } else if (this.hls) {
      this.#tear();
      this.onState('paused');
    }
  }

  #tear() {
    clearTimeout(this.timer);
    this.playingSince = 0;
    this.hls?.destroy();
    this.hls = null;
  }
}

/** Whether there is something to play: asked first, because retrying a missing playlist is not the player's work. */
async function probe(url) {
  try {
    const main = await fetch(url, { cache: 'no-store' });
    // Refused for want of a good token: the viewer needs another address, and is told so.
    if (main.status === 403 || main.status === 404) return { state: 'waiting', reason: await reasonOf(main) };
    if (!main.ok) return { state: 'retrying', reason: `The server answered ${main.status}.` };
    const first = (await main.text()).split('\n').find((line) => line && !line.startsWith('#'));
    const media = first && (await fetch(new URL(first.trim(), main.url), { cache: 'no-store' }));
    if (!media?.ok) return { state: 'waiting' };
    return { state: (await media.text()).includes('#EXT-X-ENDLIST') ? 'ended' : 'live' };
  } catch {
    return { state: 'retrying', reason: 'The server does not answer.' };
  }
}

async function reasonOf(answer) {
  const text = await answer.text();
  if (!(answer.headers.get('content-type') ?? '').includes('json')) return text.trim().slice(0, 200);
  try {
    const problem = JSON.parse(text);
    return problem.detail ?? problem.title;
  } catch {
    return undefined;
  }
}
