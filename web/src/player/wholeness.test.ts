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
  trigger(event: string, data: unknown): void;
  streamController: { fragmentTracker: { getState(fragment: Fragment): string; fragBuffered(fragment: Fragment, force: true): void } };
  levels: unknown[];
}

const SEGMENT = { type: 'main', level: 0, sn: 8, stats: { loading: {}, loaded: 0 } } as Fragment;

function inside(parts: ReturnType<typeof part>[]) {
  const hls = new Hls({ bufferController: correctedBuffers() }) as unknown as Inside;
  Object.defineProperty(hls, 'levels', { value: [{ details: { partList: parts } }] });
  return { hls, tracker: hls.streamController.fragmentTracker };
}

it('hls.js calls a segment in pieces partial, and a whole one whole', () => {
  const parts = [part(8, true), part(8, false)];
  const { tracker } = inside(parts);
  expect(tracker.getState(SEGMENT)).toBe('NOT_LOADED');
  tracker.fragBuffered(SEGMENT, true);
  expect(tracker.getState(SEGMENT)).toBe('PARTIAL');
  parts.pop();
  expect(tracker.getState(SEGMENT)).toBe('OK');
});

it('one that was fetched whole, behind some of its parts, is whole', () => {
  for (const [fetched, state] of [[null, 'OK'], [{ index: 0 }, 'PARTIAL']] as const) {
    const { hls, tracker } = inside([part(8, true), part(8, false)]);
    hls.trigger(Hls.Events.FRAG_LOADED, { frag: SEGMENT, part: fetched, payload: new ArrayBuffer(0), networkDetails: null });
    tracker.fragBuffered(SEGMENT, true);
    expect(tracker.getState(SEGMENT)).toBe(state);
  }
});
