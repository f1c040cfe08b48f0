// The player's states as sentences.
import type { PlayerState } from './player';

const WORDS: Record<PlayerState, string> = {
  loading: 'Loading…',
  waiting: 'Waiting for the stream to start.',
  starting: 'Starting…',
  playing: 'Live',
  paused: 'Paused',
  hidden: 'Paused while you look elsewhere.',
  buffering: 'Buffering…',
  ended: 'The stream has ended. It comes back by itself when it starts again.',
  retrying: 'Connection trouble, trying again…',
  unsupported: 'This browser cannot play the stream.',
};

/** A refusal's own sentence says more than ours; a library's error code does not. */
export function playerWords(state: PlayerState, detail?: string): string {
  const sentence = detail && /\s/.test(detail) && (state === 'waiting' || state === 'unsupported' || state === 'retrying');
  return sentence ? detail : WORDS[state];
}
