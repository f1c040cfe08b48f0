// Short words about what just happened, and the one polite voice of the page.
import { useSyncExternalStore } from 'react';
import { ApiError } from '@/api/client';
import type { Tone } from '@/words/states';

export interface Toast {
  id: number;
  text: string;
  detail?: string;
  tone: Tone;
  /** Something to take it back with. */
  undo?: () => void;
}

const STAYS_MS = 6000;
const SHOWN_MAX = 3;

let toasts: Toast[] = [];
let spoken = { polite: '', alert: '' };
let next = 1;
const watchers = new Set<() => void>();
const wake = () => watchers.forEach((each) => each());
const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export function toast(text: string, more: Partial<Omit<Toast, 'id' | 'text'>> = {}): void {
  const made: Toast = { id: next++, text, tone: 'off', ...more };
  toasts = [...toasts, made].slice(-SHOWN_MAX);
  wake();
  setTimeout(() => dismiss(made.id), STAYS_MS);
}

/** Says that something was refused, in the server's words. */
export function toastError(what: string, error: unknown): void {
  const detail = error instanceof ApiError ? error.message : 'Something in this page failed.';
  toast(what, { tone: 'bad', detail });
}

export function dismiss(id: number): void {
  toasts = toasts.filter((each) => each.id !== id);
  wake();
}

/** Tells screen readers of a change of state; `alert` interrupts. Never called for what comes every second. */
export function announce(text: string, how: 'polite' | 'alert' = 'polite'): void {
  spoken = { ...spoken, [how]: text };
  wake();
}

export const useToasts = (): Toast[] => useSyncExternalStore(watch, () => toasts);
export const useSpoken = (): typeof spoken => useSyncExternalStore(watch, () => spoken);
