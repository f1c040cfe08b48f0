// The tab's end of the event link.
import { waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { Refused, serve } from '@/test/server';
import { link } from './link';

/** A shared worker whose file cannot be fetched. */
class Unfetched extends EventTarget {
  readonly port = Object.assign(new EventTarget(), { start: () => {}, postMessage: () => {} });
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event('error')));
  }
}

it('a tab whose shared link cannot be had has one of its own, and says that the server is away', async () => {
  vi.stubGlobal('SharedWorker', Unfetched);
  const { count } = serve({ 'GET /api/v1/events/stream': new Refused(503, 'unavailable') });
  const disconnect = link.connect();
  await waitFor(() => expect(link.state().status).toBe('lost'));
  expect(count('GET /api/v1/events/stream')).toBeGreaterThan(0);
  disconnect();
  expect(link.state().status).toBe('connecting');
});
