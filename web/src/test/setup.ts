// Before each file of tests: matchers, a page that is cleaned up, and nothing that reaches a network.
import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';

// A guard against a hang and not a measurement: the machine has other work to do.
configure({ asyncUtilTimeout: 8000 });

beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no server in this test')));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  localStorage.clear();
});
