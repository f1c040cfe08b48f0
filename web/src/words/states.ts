// A state is a colour, a sign and a word, never a colour alone. Here are the words and the tones; `ui/State` draws them.
import type { IngestState, OutputState } from '../api/types';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'off';
export type Sign = 'flow' | 'wait' | 'work' | 'again' | 'alert' | 'off' | 'hold' | 'info';

export interface StateWords {
  tone: Tone;
  sign: Sign;
  word: string;
}

/** Whether nothing is on the air: no encoder has come, or the last one is done. */
export const isWaiting = (state: IngestState): boolean => state === 'waiting' || state === 'ended';

export const OUTPUT: Record<OutputState, StateWords> = {
  disabled: { tone: 'off', sign: 'off', word: 'Off' },
  idle: { tone: 'off', sign: 'wait', word: 'Ready' },
  connecting: { tone: 'info', sign: 'work', word: 'Connecting' },
  // Never "live on …": what the platform makes of it is not ours to see.
  sending: { tone: 'ok', sign: 'flow', word: 'Sending' },
  retrying: { tone: 'warn', sign: 'again', word: 'Retrying' },
  failed: { tone: 'bad', sign: 'alert', word: 'Needs you' },
  stopping: { tone: 'info', sign: 'work', word: 'Stopping' },
};

export const INGEST: Record<IngestState, StateWords> = {
  waiting: { tone: 'off', sign: 'wait', word: 'Waiting' },
  starting: { tone: 'info', sign: 'work', word: 'Starting' },
  live: { tone: 'ok', sign: 'flow', word: 'Live' },
  interrupted: { tone: 'warn', sign: 'hold', word: 'Holding' },
  ended: { tone: 'off', sign: 'off', word: 'Ended' },
};

export const SEVERITY: Record<'ok' | 'info' | 'warning' | 'error', { tone: Tone; sign: Sign }> = {
  ok: { tone: 'ok', sign: 'flow' },
  info: { tone: 'info', sign: 'info' },
  warning: { tone: 'warn', sign: 'alert' },
  error: { tone: 'bad', sign: 'alert' },
};

/** Unknown words come from a newer server: shown as they are. */
export function outputWords(state: string): StateWords {
  return OUTPUT[state as OutputState] ?? { tone: 'off', sign: 'info', word: state };
}

export function ingestWords(state: string): StateWords {
  return INGEST[state as IngestState] ?? { tone: 'off', sign: 'info', word: state };
}

/** Short words for reason codes, for lists; the server's own sentence stands beside the row itself. */
export const REASONS: Record<string, string> = {
  dns: 'its name cannot be found',
  tcp_refused: 'nobody listens there',
  tcp_timeout: 'it does not answer',
  tls: 'its certificate was not accepted',
  handshake: 'it does not speak RTMP',
  connect_rejected: 'it refused the address',
  publish_rejected: 'it refused the stream key',
  closed_by_peer: 'it closed the connection',
  stalled: 'it stopped taking data',
  codec_unsupported: 'it cannot take this codec',
  track_missing: 'the encoder sends no such track',
  circuit_open: 'it failed too often and is resting',
};

/** Why an encoder may not publish. */
export const REFUSALS: Record<string, string> = {
  unknown_key: 'the stream key is not known',
  key_expired: 'the stream key has expired',
  key_disabled: 'the stream key is switched off',
  busy: 'somebody already sends with this key',
  draining: 'the server was about to stop',
  auth_missing: 'it gave no user name and password',
  auth_wrong_user: 'the user name is wrong',
  auth_wrong_password: 'the password is wrong',
};

/** Why an encoder went, or a show ended. */
export const DEPARTURES: Record<string, string> = {
  finished: 'the encoder stopped',
  superseded: 'another encoder took over with the same key',
  draining: 'the server was about to stop',
  shutdown: 'the server stopped',
  node_died: 'the server went away',
  kicked: 'somebody here ended it',
  ended: 'it was ended here',
  removed: 'its project is gone',
  stalled: 'nothing came any more',
  lost: 'its connection was lost',
  protocol: 'it broke the protocol',
};
