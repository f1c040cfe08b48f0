// How hls.js is set up, and how its errors read. The whole build, because the light one knows no sounds beside the
// pictures; it is loaded when there is a picture, and not before.
import type { ErrorData, HlsConfig } from 'hls.js';
import workerPath from 'hls.js/dist/hls.worker.js?url';
import type { Fault } from './policy';
import { correctedBuffers } from './wholeness';

export { default as Hls } from 'hls.js';

export const CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // As a module it has no worker of its own inside, and the page's policy would refuse one.
  workerPath,
  bufferController: correctedBuffers(),
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

const NO_DECODER = new Set(['manifestIncompatibleCodecsError', 'bufferIncompatibleCodecsError', 'bufferAddCodecError']);

export function faultOf(data: ErrorData): Fault {
  if (NO_DECODER.has(data.details)) return { kind: 'codec', codec: codecIn(data) };
  return { kind: data.type === 'mediaError' ? 'media' : 'network' };
}

/** Of the codings that an error names, the one that this browser lacks. */
function codecIn(data: ErrorData): string | null {
  const text = `${data.mimeType ?? ''} ${data.reason ?? ''} ${data.error.message}`;
  const said = text.match(/\b(hvc1|hev1|av01|vp09|avc1|ac-3|ec-3|opus|flac|mp4a)\b[\w.]*/gi) ?? [];
  const lacks = (codec: string) => !globalThis.MediaSource?.isTypeSupported(`video/mp4;codecs="${codec}"`);
  const [codec] = (said.find(lacks) ?? said[0] ?? '').split('.');
  return codec || null;
}
