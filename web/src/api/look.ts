// When to look again where no event will come.
import type { Destination } from './types';

const LOOK_AGAIN_MS = 2500;

/**
 * When to look again at outputs that are on the way to another state. Events tell the turns and not every attempt; so a
 * countdown that is over, and a connection that is being made, are looked at until they are something else.
 */
export function nextLook(destinations: Destination[], now = Date.now()): number | false {
  const waits = destinations.flatMap(({ output: { state, next_retry_at } }) => {
    if (state === 'connecting' || state === 'stopping') return [LOOK_AGAIN_MS];
    return state === 'retrying' && next_retry_at ? [Date.parse(next_retry_at) - now + 500] : [];
  });
  return waits.length ? Math.max(LOOK_AGAIN_MS, Math.min(...waits)) : false;
}
