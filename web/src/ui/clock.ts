// The time, once a second, for whoever shows a countdown. One timer for all of them, and none while nobody looks.
import { useSyncExternalStore } from 'react';

const watchers = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
/** Renewed while somebody looks, and read once by who has just come. */
let now = Date.now();

/** To the next whole second: what is shown in whole seconds is never more than one behind. */
function wait(): void {
  timer = setTimeout(() => {
    now = Date.now();
    wait();
    for (const each of watchers) each();
  }, 1000 - (Date.now() % 1000));
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (timer === undefined) {
    now = Date.now();
    wait();
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
  };
}

/** Milliseconds since 1970, renewed every `step` seconds. Use it in a leaf: whoever calls it is rendered as often. */
export function useNow(step = 1): number {
  return useSyncExternalStore(watch, () => Math.floor(now / (step * 1000)) * step * 1000);
}
