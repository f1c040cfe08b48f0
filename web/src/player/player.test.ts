import { afterEach, beforeEach, expect, it, vi } from 'vitest';
// Read here, so that the player's own import of it, later, takes no time.
import './hls';
import { Player } from './player';
import { playerWords } from './words';

/** Stands where hls.js would: happy-dom decodes nothing. What hls.js does is seen in the browser's tests. */
const { made, FakeHls } = vi.hoisted(() => {
  const made: { emit: (event: string, data?: unknown) => void; recovered: number; destroyed: boolean; targetLatency: number }[] = [];
  class FakeHls {
    static Events = { ERROR: 'error', MANIFEST_PARSED: 'parsed' };
    static isSupported = () => true;
    static DefaultConfig = { bufferController: Object };
    handlers = new Map<string, (event: string, data: unknown) => void>();
    recovered = 0;
    destroyed = false;
    latency = 1.8;
    levels = [{ height: 720 }];
    currentLevel = 0;
    targetLatency = 1.5;
    latestLevelDetails = { partHoldBack: 1.5, holdBack: 6 };
    constructor() {
      made.push(this);
    }
    on(event: string, handler: (event: string, data: unknown) => void) {
      this.handlers.set(event, handler);
    }
    emit(event: string, data?: unknown) {
      this.handlers.get(event)?.(event, data);
    }
    loadSource() {}
    attachMedia() {}
    recoverMediaError() {
      this.recovered += 1;
    }
    destroy() {
      this.destroyed = true;
    }
  }
  return { made, FakeHls };
});
vi.mock('hls.js', () => ({ default: FakeHls }));
vi.mock('hls.js/dist/hls.worker.js?url', () => ({ default: '/worker.js' }));

let states: string[];
let player: Player;
let playlist: () => Response;

beforeEach(() => {
  vi.useFakeTimers();
  made.length = 0;
  states = [];
  playlist = () => new Response('#EXTM3U\nmedia.m3u8\n');
  vi.stubGlobal('fetch', async (url: string | URL) => {
    const answer = String(url).includes('media') ? new Response('#EXTM3U\n') : playlist();
    return Object.defineProperty(answer, 'url', { value: String(url) });
  });
  const video = document.createElement('video');
  vi.spyOn(video, 'play').mockResolvedValue();
  player = new Player(video, (state) => states.push(state));
});

afterEach(() => {
  player.close();
  hide(false);
});

function hide(hidden: boolean) {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}
const settle = () => vi.advanceTimersByTimeAsync(50);
const fatal = (more: object) => ({ fatal: true, type: 'networkError', details: 'fragLoadError', error: new Error('x'), ...more });

it('asks until there is a stream, and plays it then', async () => {
  playlist = () => new Response('', { status: 404 });
  player.open('http://localhost/hls/a/index.m3u8');
  await vi.advanceTimersByTimeAsync(5000);
  expect(states).toContain('waiting');
  expect(made).toHaveLength(0);
  playlist = () => new Response('#EXTM3U\nmedia.m3u8\n');
  await vi.advanceTimersByTimeAsync(2500);
  expect(states.at(-1)).toBe('starting');
  expect(made).toHaveLength(1);
  expect(player.metrics).toMatchObject({ latencyS: 1.8, level: '720p', retries: 0 });
});

it('a hidden tab lets go of everything and comes back when it is seen', async () => {
  player.open('http://localhost/hls/a/index.m3u8');
  await settle();
  hide(true);
  expect(states.at(-1)).toBe('hidden');
  expect(made[0]?.destroyed).toBe(true);
  hide(false);
  await settle();
  expect(made).toHaveLength(2);
});

it('a fault of the network builds a new player after a wait', async () => {
  player.open('http://localhost/hls/a/index.m3u8');
  await settle();
  made[0]?.emit('error', fatal({}));
  expect(states.at(-1)).toBe('retrying');
  await vi.advanceTimersByTimeAsync(1600);
  expect(made).toHaveLength(2);
  expect(player.metrics.retries).toBe(1);
});

it('a picture that stood still goes back to live when it has been calm', async () => {
  player.open('http://localhost/hls/a/index.m3u8');
  await settle();
  const [hls] = made;
  const stall = () => {
    hls?.emit('error', { fatal: false, details: 'bufferStalledError' });
    if (hls) hls.targetLatency += 1;
  };
  stall();
  await vi.advanceTimersByTimeAsync(10_000);
  stall();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(hls?.targetLatency).toBe(3.5);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(hls?.targetLatency).toBe(1.5);
  // There it stalls again: it waits longer before it tries.
  stall();
  await vi.advanceTimersByTimeAsync(16_000);
  expect(hls?.targetLatency).toBe(2.5);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(hls?.targetLatency).toBe(1.5);
});

it('a coding that this browser lacks is named, and what to do about it', async () => {
  const told: (string | undefined)[] = [];
  player.close();
  player = new Player(document.createElement('video'), (_, detail) => told.push(detail));
  player.open('http://localhost/hls/a/index.m3u8');
  await settle();
  made[0]?.emit('error', fatal({ type: 'mediaError', details: 'bufferAddCodecError', mimeType: 'video/mp4;codecs=hvc1.1.6.L93' }));
  expect(told.at(-1)).toBe(
    'This browser cannot decode HEVC. Safari can, and Chrome and Edge where the device has a decoder. An encoder that sends H.264 is seen in every browser.',
  );
});

it('of several codings the one is named that is lacking', async () => {
  vi.stubGlobal('MediaSource', { isTypeSupported: (type: string) => type.includes('avc1') });
  const told: (string | undefined)[] = [];
  player.close();
  player = new Player(document.createElement('video'), (_, detail) => told.push(detail));
  player.open('http://localhost/hls/a/index.m3u8');
  await settle();
  const reason = 'one or more CODECS in variant not supported: ["avc1.4d400b,ac-3"]';
  made[0]?.emit('error', fatal({ type: 'mediaError', details: 'manifestIncompatibleCodecsError', reason }));
  expect(told.at(-1)).toMatch(/cannot decode AC-3\..* sends AAC is heard/);
});

it('tells nothing after it was closed', async () => {
  player.open('http://localhost/hls/a/index.m3u8');
  player.close();
  const before = states.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(states).toHaveLength(before);
});

it('says a refusal in the server’s words, and never a library’s code', () => {
  expect(playerWords('waiting', 'This token has expired.')).toBe('This token has expired.');
  expect(playerWords('retrying', 'fragLoadError')).toMatch(/trying again/);
});
