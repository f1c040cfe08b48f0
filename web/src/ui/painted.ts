// Whether a first screen is there since this page was loaded. What is not seen on it waits for that, once.
import { useSyncExternalStore } from 'react';
import { afterPaint } from './afterPaint';

let painted = false;
let waiting = false;
const watchers = new Set<() => void>();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (!waiting) afterPaint(tell);
  waiting = true;
  return () => watchers.delete(watcher);
}

function tell(): void {
  painted = true;
  for (const each of watchers) each();
}

/** It is called by what is on that screen: the frame that is waited for has it. */
export const usePainted = (): boolean => useSyncExternalStore(watch, () => painted);
