import Hls, { type Fragment } from 'hls.js';
import { expect, it } from 'vitest';
import { correctedBuffers, isInPieces } from './wholeness';

const part = (sn: number, loaded: boolean, gap = false) => ({ fragment: { sn }, loaded, gap });

it('a segment of which some parts are there is in pieces', () => {
  expect(isInPieces([part(7, true), part(8, true), part(8, false)], 8)).toBe(true);
  expect(isInPieces([part(7, false), part(8, true), part(8, true)], 8)).toBe(false);
});

it('a segment that was fetched as a whole is not, nor one whose missing part was never sent, nor one without parts', () => {
  expect(isInPieces([part(8, false), part(8, false)], 8)).toBe(false);
  expect(isInPieces([part(8, true), part(8, false, true)], 8)).toBe(false);
  expect(isInPieces(null, 8)).toBe(false);
});

/** What this file leans on of hls.js, which it does not promise. */
interface Inside {
  streamController: { fragmentTracker: { getState(fragment: Fragment): string; fragBuffered(fragment: Fragment, force: true): void } };
  levels: unknown[];
}

it('hls.js calls a segment in pieces partial, and a whole one whole', () => {
  const hls = new Hls({ bufferController: correctedBuffers() }) as unknown as Inside;
  const tracker = hls.streamController.fragmentTracker;
  const parts = [part(8, true), part(8, false)];
  Object.defineProperty(hls, 'levels', { value: [{ details: { partList: parts } }] });
  const fragment = { type: 'main', level: 0, sn: 8 } as Fragment;
  expect(tracker.getState(fragment)).toBe('NOT_LOADED');
  tracker.fragBuffered(fragment, true);
  expect(tracker.getState(fragment)).toBe('PARTIAL');
  parts.pop();
  expect(tracker.getState(fragment)).toBe('OK');
});
