// When outputs are looked at without being told to. What moves them is told: each turn has an event, and the figures of each
// second have every output's state (`live/apply`). This is for the day when both stay away.
import type { Destination } from './types';

const LOOK_AGAIN_MS = 10_000;

/** Outputs that are on the way to another state are looked at again, should nobody tell what became of them. */
export function nextLook(destinations: Destination[], now = Date.now()): number | false {
  const waits = destinations.flatMap(({ output: { state, next_retry_at } }) => {
    if (state === 'connecting' || state === 'stopping') return [LOOK_AGAIN_MS];
    return state === 'retrying' && next_retry_at ? [Date.parse(next_retry_at) - now + LOOK_AGAIN_MS] : [];
  });
  return waits.length ? Math.max(LOOK_AGAIN_MS, Math.min(...waits)) : false;
}

/** How long after its hour a try is taken for one that was made. */
const OVERDUE_MS = 500;

/** Whether what is shown of an output promises a try that must have been made by now: attempts have no event each. */
export function isOverdue({ output: { state, next_retry_at } }: Destination, now = Date.now()): boolean {
  return state === 'retrying' && next_retry_at != null && Date.parse(next_retry_at) + OVERDUE_MS < now;
}
